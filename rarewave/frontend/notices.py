"""Where the floor of the spectrograms hides what is there, or is of no use."""

from collections.abc import Mapping

from rarewave.base.notices import Notice

# The recipe for finch song, tuned by hand, clips 0.41 of its cells, which are silence between
# syllables; a copied recipe that clipped 0.88 found 4 of 44 calls.
CLIPPED = 0.5
BLACK = 0.01  # of all windows: a dead stretch now and then is nothing to speak of
# A recipe that keeps its floor clear of everything, on purpose, has it 32 dB below (species).
FAR_DB = 40.0


def of_levels(
    found: Mapping[str, float], floor_db: float, frequencies: bool = True
) -> list[Notice]:
    """What `Levels.found` tells of a floor; where rows are no frequencies, of silence only."""
    notices = []
    if frequencies and (share := found["clipped_in_band"]) > CLIPPED:
        notices.append(
            Notice(
                "clipped_at_floor",
                share,
                f"{share:.0%} of the power within the band-pass lies at or below "
                f"spectrogram.floor_db = {floor_db:g} dB and is cut off: faint events are gone "
                f"before the network sees them; lower it by some 20 dB until little is clipped "
                f"(the mean is {found['mean_db']:.0f} dB)",
            )
        )
    if (share := found["black_windows"]) > BLACK:
        notices.append(
            Notice(
                "black_windows",
                share,
                f"{share:.1%} of the windows are black, all of them at spectrogram.floor_db = "
                f"{floor_db:g} dB: nothing can be learnt or found there; lower it, or look for "
                "silent recordings and dead channels",
            )
        )
    if frequencies and (apart := found["min_db"] - floor_db) > FAR_DB:
        notices.append(
            Notice(
                "floor_far_below",
                apart,
                f"the faintest power of all lies {apart:.0f} dB above spectrogram.floor_db = "
                f"{floor_db:g} dB: one silent stretch would be by that much darker than all that "
                f"was learnt; raise it to about {found['min_db'] - 10:.0f}",
            )
        )
    return notices
