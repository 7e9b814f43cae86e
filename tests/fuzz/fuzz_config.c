/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any file as a configuration: it is refused with a message, or what is written from it loads again,
 * means the same to validation, and is written the same once more.
 */
#include "fuzz.h"

#include "config/config.h"
#include "core/cleanup.h"

static void check_written(const struct sw_config *config)
{
	SW_FREE char *text = sw_config_to_yaml(config);
	SW_CONFIG_FREE struct sw_config *again = NULL;
	SW_FREE char *text_again = NULL;
	struct sw_error err = {}, err_again = {};
	int valid, valid_again;

	MUST(text);
	if (sw_config_load_string(text, "again.yaml", &again, &err))
		fprintf(stderr, "%s in:\n%s\n", err.text, text);
	MUST(again);
	valid = sw_config_validate(config, &err);
	valid_again = sw_config_validate(again, &err_again);
	MUST(valid == valid_again);
	MUST(!valid || err.text[0]);
	text_again = sw_config_to_yaml(again);
	MUST(text_again);
	if (strcmp(text, text_again) != 0)
		fprintf(stderr, "first:\n%s\nthen:\n%s\n", text, text_again);
	MUST(strcmp(text, text_again) == 0);
}

/* A clone is the same tree, and a tree that was made outlives the one it was made from. */
static void check_clone(struct sw_config **config)
{
	SW_CONFIG_FREE struct sw_config *clone = sw_config_clone(*config);
	SW_FREE char *text = sw_config_to_yaml(*config);
	SW_FREE char *text_of_clone = NULL;

	sw_config_free(*config);
	*config = NULL;
	MUST(clone && text);
	text_of_clone = sw_config_to_yaml(clone);
	MUST(text_of_clone && strcmp(text, text_of_clone) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	SW_FREE char *file = fuzz_copy(data, size);
	struct sw_error err = {};

	if (sw_config_load_buffer(file, size, "f.yaml", &config, &err)) {
		MUST(!config && err.text[0]);
		return 0;
	}
	check_written(config);
	check_clone(&config);
	return 0;
}
