// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "cli/cli.h"
#include "study/points.h"
#include "vm/guestfs.h"

struct study_home *study_homes__find(const struct study_homes *homes, const char *kernel)
{
	for (size_t i = 0; i < homes->n; i++)
		if (!strcmp(homes->v[i].kernel->name, kernel))
			return &homes->v[i];
	return NULL;
}

int study_homes__init(struct study_homes *homes, struct cli *cli, const struct kernels *kernels,
		      const struct study_points *points)
{
	*homes = (struct study_homes){ .cli = cli };
	homes->v = calloc(points->nr_boots + 1, sizeof(*homes->v));
	if (!homes->v)
		return -ENOMEM;
	for (size_t i = 0; i < points->nr_boots; i++) {
		const char *name = points->boots[i].kernel;

		if (study_homes__find(homes, name))
			continue;
		homes->v[homes->n++] = (struct study_home){
			.kernel = kernels__find(kernels, name, NULL),
			.fd = -1,
		};
	}
	return 0;
}

static void drop_initramfs(struct study_home *h)
{
	free(h->initramfs);
	h->initramfs = NULL;
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

void study_homes__rest(struct study_homes *homes, const struct study_home *but)
{
	for (size_t i = 0; i < homes->n; i++)
		if (&homes->v[i] != but)
			drop_initramfs(&homes->v[i]);
}

void study_homes__release(struct study_homes *homes)
{
	for (size_t i = 0; i < homes->n; i++) {
		image__free(homes->v[i].image);
		drop_initramfs(&homes->v[i]);
	}
	free(homes->v);
	*homes = (struct study_homes){ 0 };
}

int study_home__image(const struct study_homes *homes, struct study_home *h)
{
	int err;

	if (h->failed)
		return -ENOENT;
	if (h->image)
		return 0;
	err = cli__image(homes->cli, h->kernel, &h->image);
	if (!err || err == -EINTR || err == -ENOSPC)
		return err;
	if (cancel_pending(homes->cli->cancel_fd))
		return -EINTR;
	h->failed = true;
	log_err("kernel %s can't be had: its points are left out, and are measured when this "
		"command is given again",
		h->kernel->name);
	return -ENOENT;
}

int study_home__open(const struct study_homes *homes, struct study_home *h,
		     const struct strv *programs)
{
	struct guestfs_opts fs = { .guest = homes->cli->guest, .programs = programs };
	int err = study_home__image(homes, h);

	if (err || h->initramfs)
		return err;
	fs.modules = h->image->modules;
	return guestfs__memory(&fs, &h->fd, &h->initramfs);
}
