# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A guest that has this machine's files, read-only and with the caller's rights: nothing is copied, what
# is installed here is installed there. Sourced by tools/demo/vm, after tools/vm/vm.bash.

# vm_kernel_shared VERSION: vm_kernel with 9p, which Debian's `cloud-amd64` lacks.
vm_kernel_shared() { vm_kernel "$1" amd64; }

# vm_fill_shared ROOT COMMAND MODULE... -- NAME=VALUE...: fills ROOT for a guest that runs COMMAND, a path,
# with these modules and this environment.
vm_fill_shared() {
	local root=$1 command=$2 modules=() tools
	tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	shift 2
	while [ "$1" != -- ]; do
		modules+=("$1")
		shift
	done
	shift
	rm -rf "$root" && mkdir -p "$root" &&
		vm_put_modules "$root" virtio_pci 9pnet_virtio 9p "${modules[@]}" &&
		vm_put_programs "$root" busybox &&
		ln -s busybox "$root/bin/sh" &&
		cp "$tools/init" "$root/init" &&
		printf 'export %q\n' VM_GUEST="$tools/guest" VM_COMMAND="$command" PATH="$PATH" "$@" >"$root/environment"
}

# vm_boot_shared ROOT SECONDS: the exit code of the guest's command, or 124 when it was not done in time,
# or 125 when the guest ended without a word about it.
vm_boot_shared() {
	local root=$1 code=0 answer
	rm -f "$root.answer"
	vm_boot "$root" "$2" -serial "file:$root.answer" -device virtio-9p-pci,fsdev=host,mount_tag=host \
		-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap || code=$?
	[ "$code" -ne 124 ] || return 124
	answer=$(cat "$root.answer" 2>/dev/null)
	return "${answer:-125}"
}
