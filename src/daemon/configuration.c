/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/configuration.h"

#include <string.h>

static int collect(void *context, const char *layer, const char *directory, const char *name,
		   int fd)
{
	struct pr_configuration *configuration = context;
	char *text;
	size_t len;
	int r = pr_files_read(fd, PR_CONFIG_FILE_MAX, &text, &len);

	if (r < 0)
		return r;
	configuration->files = pr_realloc(configuration->files, configuration->n + 1,
					  sizeof(*configuration->files));
	configuration->files[configuration->n++] = (struct pr_config_file){
		.layer = strcmp(layer, "shipped") == 0 ? PR_LAYER_SHIPPED
			 : strcmp(layer, "state") == 0 ? PR_LAYER_STATE
						       : PR_LAYER_ADMINISTRATOR,
		.directory = directory,
		.name = pr_strdup(name),
		.text = text,
		.len = len,
	};
	return 0;
}

int pr_configuration_read(const struct pr_options *options, struct pr_configuration *configuration,
			  char error[PR_FILES_ERROR_SIZE])
{
	error[0] = '\0';
	*configuration = (struct pr_configuration){ 0 };
	return pr_files_each(options, collect, configuration, error);
}

void pr_configuration_done(struct pr_configuration *configuration)
{
	for (size_t i = 0; i < configuration->n; i++) {
		free((void *)(uintptr_t)configuration->files[i].name);
		free((void *)(uintptr_t)configuration->files[i].text);
	}
	free(configuration->files);
}
