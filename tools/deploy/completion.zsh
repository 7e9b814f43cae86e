#compdef spillway
# SPDX-License-Identifier: BSD-2-Clause
# Completion of spillway for zsh: `spillway complete` knows what may follow. It is to be named _spillway, in a folder of
# $fpath.

local -a found
found=("${(@f)$(command spillway complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
if [[ $found[1] == :files ]]; then
	_files
elif [[ $found[1] == *= ]]; then
	compadd -S '' -- $found
elif [[ -n $found[1] ]]; then
	compadd -- $found
fi
