# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What page.bats and top.bats look at: a service with few places, a short queue, and a class that is shut.

# configuration BUDGET
configuration() {
	cat <<-YAML
		services:
		  - name: main
		    listen: [":5432"]
		    budget: {mode: fixed, direct: $1}
		    lanes: [direct, queue, refuse]
		    queue: {max_wait: 60s, max_waiting: 40}
		    classes:
		      - {name: default, rate: unlimited}
		      - {name: shut, sources: ["10.77.9.0/24"], action: refuse}
	YAML
}
