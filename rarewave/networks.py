"""Networks by name: functional Keras models with named layers, so that any can be explained."""

from rarewave.backend import keras

layers = keras.layers

# Keras's 0.99 needs hundreds of steps before the moving statistics mean anything; rare-event
# data sets have a few dozen an epoch.
_MOMENTUM = 0.9


def seed_cnn(input_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """The seed network: three 3x3 convolutions, global average pooling, one hidden layer.

    101,889 weights for one input channel.

    Parameters
    ----------
    input_shape : (frequencies, frames, channels).
    outputs : 1 (the probability of an event), or the number of classes.

    Returns
    -------
    A model that gives probabilities (n, outputs).
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{number}")(x)
        if number < 3:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="seed_cnn")


def band_context(
    input_shape: tuple[int, int, int], outputs: int, window_frames: slice
) -> keras.Model:
    """Mean level of frequency bands, of the window and of its context, and a small classifier.

    The first channel (level) is averaged over the window, the last (level above the noise
    floor) over window and context, both in bands of four rows: 20 numbers a window of 40 rows.
    For few events and weak signals, where a convolutional network learns the recordings by heart.

    Parameters
    ----------
    input_shape : (frequencies, frames, channels).
    window_frames : the frames of the window itself.
    """
    frequencies, frames, depth = input_shape
    rows = min(4, frequencies)
    spectrogram = keras.Input(input_shape, name="spectrogram")
    width = window_frames.stop - window_frames.start
    outside = (window_frames.start, frames - window_frames.stop)
    channels = layers.Reshape((*input_shape, 1), name="channels")(spectrogram)
    # Cropping, not indexing: Keras numbers anonymous operations by how many came before.
    first = layers.Cropping3D(((0, 0), outside, (0, depth - 1)), name="window")(channels)
    last = layers.Cropping3D(((0, 0), (0, 0), (depth - 1, 0)), name="above_floor")(channels)
    first = layers.Reshape((frequencies, width, 1), name="window_level")(first)
    last = layers.Reshape((frequencies, frames, 1), name="context_level")(last)
    level = layers.AveragePooling2D((rows, width), name="level")(first)
    context = layers.AveragePooling2D((rows, frames), name="context")(last)
    flat = [
        layers.Flatten(name="level_bands")(level),
        layers.Flatten(name="context_bands")(context),
    ]
    x = layers.Concatenate(name="bands")(flat)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="norm")(x)
    shrink = keras.regularizers.L2(1e-3)
    x = layers.Dense(32, activation="relu", kernel_regularizer=shrink, name="hidden")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="band_context")


def call_cnn(input_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """For calls in windows of their own length: what sounds when in the window counts.

    Four times convolution and max-pooling, then flatten, dense and dropout.
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, filters in enumerate((16, 32, 64, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="call_cnn")


def frame_net(input_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """For short windows seen with context: what sounds in the middle of a stretch of song.

    Convolutions pool over frequency only, so that time stays sharp, and a dense layer weighs
    the frames around the window (in the manner of TweetyNet, Cohen et al. 2022, without its
    recurrence).
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, filters in enumerate((16, 32, 32), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        pool = (min(4, x.shape[1]), 1 if number < 3 else 2)
        x = layers.MaxPooling2D(pool, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="frame_net")


def sound_net(input_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """A small residual network for sounds of seconds, the same wherever in time they lie.

    Four stages of 16 to 128 filters, each of 3x3 convolutions with batch normalisation; from the
    second on with one residual step (He et al. 2016). At the end the mean over the frequencies,
    then mean and maximum over time (as PANNs do, Kong et al. 2020). 295,018 weights for two
    channels and ten classes.
    """

    def convolve(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
        start = "he_normal"
        x = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer=start, name=f"conv{name}"
        )(x)
        return layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{name}")(x)

    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for stage, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.ReLU(name=f"relu{stage}")(convolve(x, filters, f"{stage}"))
        if stage > 1:
            step = convolve(x, filters, f"{stage}a")
            x = layers.Add(name=f"add{stage}")([x, step])
            x = layers.ReLU(name=f"relu{stage}a")(x)
        if stage < 4:
            x = layers.MaxPooling2D(2, padding="same", name=f"pool{stage}")(x)
    x = layers.AveragePooling2D((x.shape[1], 1), name="bands")(x)
    mean = layers.GlobalAveragePooling2D(name="average")(x)
    peak = layers.GlobalMaxPooling2D(name="peak")(x)
    x = layers.Concatenate(name="pooled")([mean, peak])
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="sound_net")


def acoustic_cnn(
    input_shape: tuple[int, int, int], outputs: int, width: float = 1.0
) -> keras.Model:
    """The encoder for pretraining and its head: four blocks of convolution, then two dense layers.

    Each block is a 3x3 convolution, batch normalisation, ReLU and 2x2 max-pooling, of 64, 128,
    256 and 512 filters; the mean over time and frequency gives 512 features; the head normalises
    them and has 256 units with dropout. `width` scales the filters.
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, full in enumerate((64, 128, 256, 512), start=1):
        filters = max(1, round(full * width))
        start = "he_normal"
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=start,
            name=f"conv{number}",
        )(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    # A frozen encoder's features have any scale: without this the head hardly learns.
    x = layers.BatchNormalization(momentum=_MOMENTUM, name="norm_features")(x)
    x = layers.Dense(256, activation="relu", name="hidden")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(spectrogram, _probabilities(x, outputs), name="acoustic_cnn")


# The layer of each network whose output is what a pretrained encoder gives; behind it is the head.
_FEATURES = {
    "seed_cnn": "average",
    "band_context": "norm",
    "call_cnn": "flatten",
    "frame_net": "flatten",
    "sound_net": "pooled",
    "acoustic_cnn": "average",
}


def encoder(model: keras.Model) -> keras.Model:
    """The part of a network of this module that pretraining trains: all but its head.

    It shares layers and weights with `model`; its output is (n, features).
    """
    features = model.get_layer(_FEATURES[model.name]).output
    return keras.Model(model.input, features, name=f"{model.name}_encoder")


def _probabilities(x: keras.KerasTensor, outputs: int) -> keras.KerasTensor:
    """The last layer: one sigmoid, or a softmax over the classes."""
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", name="event")(x)
    return layers.Dense(outputs, activation="softmax", name="classes")(x)


def build(
    name: str,
    input_shape: tuple[int, int, int],
    outputs: int,
    window_frames: slice,
    width: float = 1.0,
) -> keras.Model:
    """The network of that name, with fresh weights from the current seed."""
    if name == "band_context":
        return band_context(input_shape, outputs, window_frames)
    if name == "acoustic_cnn":
        return acoustic_cnn(input_shape, outputs, width)
    named = {
        "seed_cnn": seed_cnn,
        "call_cnn": call_cnn,
        "frame_net": frame_net,
        "sound_net": sound_net,
    }
    return named[name](input_shape, outputs)
