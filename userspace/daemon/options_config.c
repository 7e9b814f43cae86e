/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration that the file and the options make together.
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/options.h"

/* "main", or for further ones "service2", "service3", … */
static int add_service(struct sw_config *config, const struct sw_options *options, size_t i,
		       struct sw_error *err)
{
	struct sw_config_service *service;
	struct sw_endpoint endpoint;
	char name[SW_CONFIG_NAME_MAX + 1] = "main";
	int failed;

	if (sw_endpoint_parse(options->services[i], &endpoint))
		return sw_error_set(
			err, -EINVAL,
			"--service '%s': expected a port, or an address and a port as in "
			"10.0.0.1:5432 or [fd00::1]:5432",
			options->services[i]);
	if (i)
		snprintf(name, sizeof(name), "service%zu", i + 1);
	failed = sw_config_add_service(config, name, &service, err);
	if (!failed && sw_config_add_listen(service, &endpoint))
		failed = sw_error_set(err, -ENOMEM, "out of memory");
	if (!failed && options->budget)
		failed = sw_config_set_service(service, "budget.direct", options->budget, err);
	if (!failed && options->pooler)
		failed = sw_config_set_service(service, "pooler.address", options->pooler, err);
	return failed;
}

static int add_all(struct sw_config *config, const struct sw_options *options, struct sw_error *err)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < options->service_count; i++)
		failed = add_service(config, options, i, err);
	for (size_t i = 0; !failed && i < options->interface_count; i++)
		if (!sw_config_find_interface(config, options->interfaces[i]))
			failed = sw_config_add_interface(config, options->interfaces[i], NULL, err);
	if (!failed && options->socket)
		failed = sw_config_set(config, "control.socket", options->socket, err);
	return failed;
}

int sw_options_config(const struct sw_options *options, struct sw_config **out,
		      struct sw_error *err)
{
	SW_CONFIG_FREE struct sw_config *config = NULL;
	int failed;

	if (options->file)
		failed = sw_config_load_file(options->file, &config, err);
	else if (sw_config_defaults(&config))
		failed = sw_error_set(err, -ENOMEM, "out of memory");
	else
		failed = 0;
	if (!failed)
		failed = add_all(config, options, err);
	if (!failed)
		failed = sw_config_validate(config, err);
	if (failed)
		return failed;
	*out = config;
	config = NULL;
	return 0;
}
