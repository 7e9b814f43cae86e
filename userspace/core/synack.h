/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the kernel waits for the ACK of a SYN-ACK.
 */
#ifndef SW_CORE_SYNACK_H
#define SW_CORE_SYNACK_H

#include <stdint.h>

/* In seconds, rounded up; retries: net.ipv4.tcp_synack_retries. */
uint32_t sw_synack_lasts_s(uint32_t retries);

#endif
