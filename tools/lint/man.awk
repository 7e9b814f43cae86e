# SPDX-License-Identifier: BSD-2-Clause
# Prints what Spillway's man pages name, a line each in the form of tools/lint/names.c. Called by tools/lint/man.

FNR == 1 {
	program = FILENAME
	sub(/.*\//, "", program)
	sub(/\.[0-9]$/, "", program)
}

/^\.Sh / {
	section = substr($0, 5)
	object = section == "THE FILE" ? "file" : section == "AN INTERFACE" ? "interface" : \
		 section == "A SERVICE" ? "service" : section == "A CLASS" ? "class" : ""
	verb = ""
}

# ".It Cm queue Op Fl -service Ar S" as usage has it: "queue [--service S]".
section == "VERBS" && /^\.It Cm / {
	form = substr($0, 5)
	if (form ~ / Op /)
		form = form "]"
	gsub(/ Oo /, " [", form)
	gsub(/ Oc/, "]", form)
	gsub(/ Op /, " [", form)
	gsub(/ Ns (Ar|Cm) /, "", form)
	gsub(/ \| /, "|", form)
	gsub(/Fl -/, "Fl --", form)
	gsub(/(^|[ \[|])(Cm|Ar|Fl) /, "&\001", form)
	gsub(/(Cm|Ar|Fl) \001/, "", form)
	print "verb " form
	verb = form
	sub(/ .*/, "", verb)
}

(section == "VERBS" || section == "OPTIONS") && /^\.It Fl -/ {
	option = substr($0, 8)
	sub(/ Ar /, " ", option)
	print "option " (section == "VERBS" ? verb : program) " -" option
}

object != "" && /^\.It Va / {
	key = $3
	initial = ""
	if ($4 == ":") {
		initial = $0
		sub(/.* : Cm /, " ", initial)
		gsub(/\\\(dq/, "\"", initial)
	}
	print "key " object " " key initial
	key_line = FNR
}

# The line behind a key says all the words that are allowed.
object != "" && FNR == key_line + 1 && /^\.Cm .* \.$/ {
	for (i = 2; i < NF; i++)
		if ($i != ",")
			print "word " object " " key " " $i
}

section == "COUNTERS" && /^\.It Va / { print "counter " $3 }
section == "METRICS" && /^\.It Va / { print "metric " $3 " " $5 }
