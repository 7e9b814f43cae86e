/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See page_template.h. The compiler runs in the tree's root; the Makefile knows what this is made from.
 */
#include "daemon/page_template.h"

__asm__(".pushsection .rodata\n"
	".global sw_page_template\n"
	"sw_page_template:\n"
	".incbin \"userspace/daemon/page.html\"\n"
	".byte 0\n"
	".size sw_page_template, . - sw_page_template\n"
	".type sw_page_template, %object\n"
	".popsection\n");
