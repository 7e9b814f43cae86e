# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of spillway for bash: `spillway complete` knows what may follow. bash-completion loads it from
# share/bash-completion/completions/spillway; without that package, source it.

_spillway() {
	local line=${COMP_LINE:0:COMP_POINT} words word
	# By blanks alone: COMP_WORDS are also cut at "=" and ":", which belong to what is written here.
	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=('')
	word=${words[-1]}
	mapfile -t COMPREPLY < <(command spillway complete -- "${words[@]:1}" 2>/dev/null)
	if [[ ${COMPREPLY[0]-} == :files ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${word#*=}")
	fi
	# What bash replaces begins behind the "=".
	[[ $word != *=* ]] || COMPREPLY=("${COMPREPLY[@]#*=}")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _spillway spillway
