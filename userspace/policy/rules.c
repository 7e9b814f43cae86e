/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's allow and deny lists.
 */
#include "policy/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sw_rule *find(const struct sw_rules *rules, const char *service,
			    const struct sw_prefix *prefix)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!strcmp(rules->rules[i].service, service) &&
		    sw_prefix_equal(&rules->rules[i].prefix, prefix))
			return &rules->rules[i];
	return NULL;
}

int sw_rules_set(struct sw_rules *rules, const struct sw_rule *rule)
{
	struct sw_rule *there = find(rules, rule->service, &rule->prefix);
	struct sw_rule *grown;

	if (there) {
		*there = *rule;
		return 0;
	}
	grown = realloc(rules->rules, (rules->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rules->rules = grown;
	rules->rules[rules->count++] = *rule;
	return 0;
}

static void remove_at(struct sw_rules *rules, size_t i)
{
	memmove(&rules->rules[i], &rules->rules[i + 1],
		(rules->count - i - 1) * sizeof(rules->rules[0]));
	rules->count--;
}

bool sw_rules_forget(struct sw_rules *rules, const char *service, const struct sw_prefix *prefix)
{
	struct sw_rule *there = find(rules, service, prefix);

	if (!there)
		return false;
	remove_at(rules, there - rules->rules);
	return true;
}

bool sw_rules_expire(struct sw_rules *rules, uint64_t now_ns, uint64_t *next_ns)
{
	uint64_t next = 0;
	bool any = false;

	for (size_t i = 0; i < rules->count;) {
		uint64_t expires_ns = rules->rules[i].expires_ns;

		if (expires_ns && expires_ns <= now_ns) {
			remove_at(rules, i);
			any = true;
			continue;
		}
		if (expires_ns && (!next || expires_ns < next))
			next = expires_ns;
		i++;
	}
	*next_ns = next;
	return any;
}

int sw_rules_copy(const struct sw_rules *from, struct sw_rules *to)
{
	struct sw_rules copy = {0};

	if (from->count) {
		copy.rules = malloc(from->count * sizeof(copy.rules[0]));
		if (!copy.rules)
			return -ENOMEM;
		memcpy(copy.rules, from->rules, from->count * sizeof(copy.rules[0]));
		copy.count = from->count;
	}
	*to = copy;
	return 0;
}

void sw_rules_clear(struct sw_rules *rules)
{
	free(rules->rules);
	rules->rules = NULL;
	rules->count = 0;
}
