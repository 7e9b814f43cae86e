/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See budget_terms.h. The names are the daemon's: a term that it adds is shown as well.
 */
#include "cli/budget_terms.h"

#include <string.h>

#include "cli/field.h"
#include "cli/term.h"

static void print_terms(const char *service, const char *most, long long slots, const json_t *terms)
{
	const json_t *bound = json_object_get(terms, "bound"), *value;
	const char *name;
	long long sum = 0;

	sw_term_print("%s: %s%lld slots", service, most, slots);
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

/* "probe 2.1 ms, usual 1.9" */
static void print_signals(const json_t *signals)
{
	const json_t *signal;
	const char *name;

	json_object_foreach((json_t *)signals, name, signal)
	{
		const json_t *now = json_object_get(signal, "now_ms");

		sw_term_print("; %s ", name);
		if (json_is_number(now))
			sw_term_print("%.1f ms ", json_number_value(now));
		sw_term_print("x%.1f", json_number_value(json_object_get(signal, "ratio")));
	}
}

/* "main: 20 slots of 5 to 97, settles: 31 at work, 22 wait for others; probe 2.1 ms x1.1; waits x3.2; gradient 0.94" */
static void print_adaptive(const char *service, long long slots, const json_t *adaptive)
{
	sw_term_print(
		"%s: %lld slots of %lld to %lld, %s: %.0f at work, %.0f of them wait for others",
		service, slots, sw_field_int(adaptive, "floor"), sw_field_int(adaptive, "ceiling"),
		sw_field_text(adaptive, "state"),
		json_number_value(json_object_get(adaptive, "at_work")),
		json_number_value(json_object_get(adaptive, "waiting")));
	print_signals(json_object_get(adaptive, "signals"));
	sw_term_print("; gradient %.2f\n",
		      json_number_value(json_object_get(adaptive, "gradient")));
}

void sw_budget_terms_print(const char *service, const json_t *budget)
{
	const json_t *terms = json_object_get(budget, "terms");
	const json_t *adaptive = json_object_get(budget, "adaptive");
	long long slots = sw_field_int(budget, "direct");

	if (json_is_object(adaptive)) {
		print_terms(service, "at most ", sw_field_int(adaptive, "ceiling"), terms);
		print_adaptive(service, slots, adaptive);
	} else if (json_is_object(terms)) {
		print_terms(service, "", slots, terms);
	}
}
