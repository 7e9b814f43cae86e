/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All maps. Weak, because each program's object carries them and the linker keeps one of each; who
 * needs to know what is inside finds it in spillway/maps.h.
 */
#ifndef SPILLWAY_MAPS_BPF_H
#define SPILLWAY_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "spillway/cookie.h"
#include "spillway/decision.h"
#include "spillway/maps.h"
#include "spillway/queue.h"
#include "spillway/refusal.h"
#include "spillway/sweep_timer.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_control);
} control SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_ports);
} ports SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct sw_service_key);
	__type(value, __u32);
} services SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_service_conf);
} service_conf SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_service_state);
} service_state SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SW_PREFIXES_MAX);
	__type(key, struct sw_class_key);
	__type(value, __u32);
} classes SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SW_CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct sw_class_conf);
} class_conf SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SW_CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct sw_class_state);
} class_state SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SW_SOURCES_MAX);
	__type(key, struct sw_source_key);
	__type(value, struct sw_source_rate);
} source_rate SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SW_SOURCES_MAX);
	__type(key, struct sw_source_key);
	__type(value, struct sw_source_live);
} source_live SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_sweep_timer);
} sweep_timer SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SW_FLOWS_MAX);
	__type(key, struct sw_flow_key);
	__type(value, struct sw_flow);
} flows SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SW_REFUSED_MAX);
	__type(key, struct sw_flow_key);
	__type(value, struct sw_refusal);
} refused SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SW_CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct sw_refusal_text);
} refusal_texts SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sw_cookie_secrets);
} cookie_secrets SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_COUNTERS_ROWS);
	__type(key, __u32);
	__type(value, struct sw_counters);
} counters SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_CLASSES_MAX);
	__type(key, __u32);
	__type(value, struct sw_verdicts);
} verdicts SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_lifetimes);
} lifetimes SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SW_SERVICES_MAX);
	__type(key, __u32);
	__type(value, struct sw_waits);
} waits SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SW_WAKEUPS_BYTES);
} wakeups SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SW_DECISIONS_BYTES);
} decisions SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SW_SAMPLED);
	__type(key, __u32);
	__type(value, struct sw_sampled);
} sampled SEC(".maps") __weak;

#endif
