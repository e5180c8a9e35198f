"""Why: evidence in Hz and seconds, layers, neighbours, words."""
