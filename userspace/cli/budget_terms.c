/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See budget_terms.h. The names are the daemon's: a term that it adds is shown as well.
 */
#include "cli/budget_terms.h"

#include <string.h>

#include "cli/term.h"

void sw_budget_terms_print(const char *service, long long slots, const json_t *terms)
{
	const json_t *bound = json_object_get(terms, "bound"), *value;
	const char *name;
	long long sum = 0;

	if (!json_is_object(terms))
		return;
	sw_term_print("%s: %lld slots", service, slots);
	json_object_foreach((json_t *)terms, name, value)
	{
		long long n = json_integer_value(value);

		if (!strcmp(name, "bound") || !n)
			continue;
		sw_term_print(" %s %lld %s", !sum ? "=" : n < 0 ? "-" : "+", n < 0 ? -n : n, name);
		sum += n;
	}
	if (json_is_integer(bound) && sum > json_integer_value(bound))
		sw_term_print(", bounded by direct: %lld", (long long)json_integer_value(bound));
	sw_term_print("\n");
}
