// SPDX-License-Identifier: GPL-2.0-only
#include "guest/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const struct experiment *registry__find(const char *name, const char **nearest)
{
	const char **names;

	if (nearest)
		*nearest = NULL;
	for (size_t i = 0; i < nr_experiments; i++)
		if (strcmp(experiments[i]->name, name) == 0)
			return experiments[i];
	if (!nearest || !nr_experiments)
		return NULL;
	names = calloc(nr_experiments, sizeof(*names));
	if (!names)
		return NULL;
	for (size_t i = 0; i < nr_experiments; i++)
		names[i] = experiments[i]->name;
	*nearest = str_nearest(name, names, nr_experiments);
	free(names);
	return NULL;
}
