# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Debian's kernels in qemu without KVM: fetches one, fills an initramfs, boots it. Nothing is installed
# and no root is needed. Sourced by tests/kernels/run and, with tools/vm/shared.bash, tools/demo/vm.

BUILD=${BUILD:-build}
VM_CACHE=$BUILD/kernels
# Administrators' programs are not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

vm_say() { printf '# vm: %s\n' "$*"; }

# Kernels and their packages are x86_64's; the boot options below, too.
vm_check_architecture() {
	[ "$(uname -m)" = x86_64 ] && return
	vm_say "kernels are booted on x86_64 only, this is $(uname -m)"
	return 1
}

# vm_apt PROGRAM WORD...: with the machine's lists, or with own ones once vm_own_lists was called.
vm_lists=()
vm_apt() {
	local program=$1
	shift
	"$program" "${vm_lists[@]}" "$@"
}

# The machine's lists may be absent, or name versions that are gone; renewing those would need root.
vm_own_lists() {
	local folder
	folder=$(realpath "$VM_CACHE")/apt
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	vm_lists=(-o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache")
	vm_apt apt-get -q update
}

# vm_packages VERSION FLAVOUR: those of the names on stdin that are such a kernel, the newest last. Kernels
# to be had unsigned count, too. Between version and flavour there is an ABI or a suite, never another
# flavour's word: `amd64` is not `rt-amd64`.
vm_packages() {
	grep -E "^linux-image-${1//./\\.}\\.[0-9.]+(-[0-9][0-9a-z.]*|\\+[0-9a-z.]+)?-$2(-unsigned)?(_|\$)" | sort -V
}

# vm_fetch VERSION FLAVOUR: the archive's newest package is in the cache afterwards.
vm_fetch() {
	local package
	package=$(vm_apt apt-cache search --names-only "^linux-image-${1//./\\.}\\." | awk '{ print $1 }' |
		vm_packages "$1" "$2" | tail -n 1)
	[ -n "$package" ] || return 1
	compgen -G "$VM_CACHE/${package}_*.deb" >/dev/null ||
		(cd "$VM_CACHE" && vm_apt apt-get -q download "$package")
}

# vm_cached VERSION FLAVOUR: the newest package file in the cache.
vm_cached() {
	local file
	file=$(cd "$VM_CACHE" && compgen -G '*.deb' | vm_packages "$1" "$2" | tail -n 1)
	[ -n "$file" ] && printf '%s\n' "$VM_CACHE/$file"
}

# vm_kernel VERSION FLAVOUR: sets VM_KERNEL to the folder of the unpacked package, VM_RELEASE to its
# `uname -r`. One at a time: tests that run beside each other share the cache.
vm_kernel() {
	local lock code=0
	mkdir -p "$VM_CACHE"
	exec {lock}>"$VM_CACHE/lock"
	flock "$lock"
	vm_get_kernel "$@" || code=$?
	exec {lock}>&-
	return "$code"
}

# What an earlier call fetched does when the archive is out of reach.
vm_get_kernel() {
	local package log=$VM_CACHE/apt.log
	if ! { vm_fetch "$1" "$2" || { vm_own_lists && vm_fetch "$1" "$2"; }; } >"$log" 2>&1; then
		vm_say "the archive gives no linux-image-$1.*-$2:"
		tail -n 5 "$log" | sed 's/^/# /'
	fi
	package=$(vm_cached "$1" "$2") || return 1
	VM_KERNEL=${package%.deb}
	if [ ! -d "$VM_KERNEL" ]; then
		rm -rf "$VM_KERNEL.new"
		dpkg-deb -x "$package" "$VM_KERNEL.new" && mv "$VM_KERNEL.new" "$VM_KERNEL" || return 1
	fi
	VM_RELEASE=$(cd "$VM_KERNEL/boot" && compgen -G 'vmlinuz-*')
	VM_RELEASE=${VM_RELEASE#vmlinuz-}
}

# vm_put_programs ROOT PROGRAM...: each into ROOT/bin, its shared libraries where it looks for them.
vm_put_programs() {
	local root=$1 program library
	shift
	mkdir -p "$root/bin"
	for program in "$@"; do
		cp -L "$(command -v "$program")" "$root/bin/" || return 1
		while read -r library; do
			[ -e "$root$library" ] || install -D -m 755 "$library" "$root$library" || return 1
		done < <(ldd "$(command -v "$program")" 2>/dev/null | grep -o '/[^ ]*')
	done
}

# vm_put_modules ROOT MODULE...: with what they depend on, into ROOT/modules as the numbered files that
# /init loads in that order.
vm_put_modules() {
	local root=$1 module
	shift
	mkdir -p "$root/modules"
	for module in "$@"; do
		vm_put_module "$root" "$module" || {
			vm_say "$VM_RELEASE has no module $module"
			return 1
		}
	done
}

# vm_put_module ROOT MODULE: one that is part of the kernel image is no file, and none is needed. Names
# are said with _ inside of modules and with either sign as files.
vm_put_module() {
	local root=$1 name=${2//[-_]/[-_]} tree=$VM_KERNEL/lib/modules/$VM_RELEASE file fresh needed
	! compgen -G "$root/modules/*-$name.ko" >/dev/null || return 0
	! grep -q "/$name\\.ko\$" "$tree/modules.builtin" || return 0
	file=$(find "$tree" -name "$name.ko" -o -name "$name.ko.xz" | head -n 1)
	fresh=$root/modules/new-$2
	case $file in
	*.xz) xz -dc "$file" >"$fresh" || return 1 ;;
	*.ko) cp "$file" "$fresh" || return 1 ;;
	*) return 1 ;;
	esac
	for needed in $(tr '\0' '\n' <"$fresh" | sed -n 's/^depends=//p' | tr , ' '); do
		vm_put_module "$root" "$needed" || return 1
	done
	mv "$fresh" "$root/modules/$(printf %03d "$(find "$root/modules" -name '*.ko' | wc -l)")-$2.ko"
}

# vm_pack ROOT: the folder becomes the initramfs ROOT.cpio.gz.
vm_pack() {
	(cd "$1" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) | gzip -1 >"$1.cpio.gz"
}

# What a guest's /init says first.
VM_UP='# vm: the guest is up'
# Two emulated CPUs on a busy machine: now and then the kernel trips before it has run anything of ours.
VM_BOOTS=3

# vm_boot ROOT SECONDS [QEMU OPTION]...: with ROOT as the initramfs, whose /init is the guest's first
# process; its console is stdout. Ends when the guest powers off, panics, or after SECONDS (124). A guest that
# ends before /init has begun is booted again.
vm_boot() {
	local root=$1 code=0 boot
	vm_pack "$root" || return 1
	for ((boot = 1; boot <= VM_BOOTS; boot++)); do
		[ "$boot" -eq 1 ] || vm_say "the guest's kernel ended before its first process; it boots again"
		code=0
		vm_run "$@" || code=$?
		if [ "$code" -eq 124 ] || grep -q "^$VM_UP" "$root.console"; then break; fi
	done
	return "$code"
}

# vm_run ROOT SECONDS [QEMU OPTION]...: once. Waited for in the background: a trap of the caller's runs at
# once, and calls vm_end. No pressure is measured there (psi): that is where those kernels trip.
VM_PID=
vm_run() {
	local root=$1 seconds=$2 code=0
	shift 2
	timeout -k 5 "$seconds" qemu-system-x86_64 -accel tcg -cpu qemu64 -smp 2 -m 1024 -nodefaults \
		-display none -monitor none -chardev "stdio,id=console,signal=off,logfile=$root.console" \
		-serial chardev:console -no-reboot -kernel "$VM_KERNEL/boot/vmlinuz-$VM_RELEASE" \
		-initrd "$root.cpio.gz" -append "console=ttyS0 loglevel=3 psi=0 panic=-1 rdinit=/init" \
		"$@" </dev/null &
	VM_PID=$!
	wait "$VM_PID" || code=$?
	VM_PID=
	return "$code"
}

# Ends the guest that is running, if there is one.
vm_end() {
	[ -n "$VM_PID" ] || return 0
	kill "$VM_PID" 2>/dev/null || true
	wait "$VM_PID" 2>/dev/null || true
	VM_PID=
}
