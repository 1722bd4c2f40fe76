// SPDX-License-Identifier: GPL-2.0-only
#include "cli/probe_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/programs.h"
#include "cli/visit.h"

int probe_targets__add(struct probe_targets *t, const char *word, char *why, size_t why_len)
{
	struct wanted *v = reallocarray(t->v, t->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n] = (struct wanted){ 0 };
	return probe_target__parse(word, &v[t->n++].target, why, why_len);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* One file may be named in two ways. A ':' in the name that it really has would be taken for the
 * end of it. */
static int prepare_file(struct wanted *w, struct visit_opts *visit)
{
	char *real = realpath(w->target.file, NULL);

	if (real && !strchr(base_name(real), ':')) {
		w->path = real;
	} else {
		free(real);
		w->path = strdup(w->target.file);
	}
	if (!w->path)
		return -ENOMEM;
	return strv__has(&visit->files, w->path) ? 0 : strv__add(&visit->files, w->path);
}

static int prepare_program(struct probe_targets *t, struct wanted *w, struct cli *cli,
			   struct visit_opts *visit)
{
	int err;

	for (const struct wanted *other = t->v; other < w; other++)
		if (other->path && !strcmp(other->target.file, w->target.file)) {
			w->path = strdup(other->path);
			return w->path ? 0 : -ENOMEM;
		}
	err = programs__get(cli, w->target.file, &visit->programs);
	if (err)
		return err;
	w->path = strdup(visit->programs.v[visit->programs.n - 1]);
	return w->path ? 0 : -ENOMEM;
}

static int prepare(struct probe_targets *t, struct wanted *w, struct cli *cli,
		   struct visit_opts *visit)
{
	const struct probe_target *p = &w->target;
	bool is_path;
	int err;

	if (p->kind == PROBE_KERNEL) {
		w->in_guest = strdup(p->name);
		return w->in_guest ? 0 : -ENOMEM;
	}
	is_path = strchr(p->file, '/');
	err = is_path ? prepare_file(w, visit) : prepare_program(t, w, cli, visit);
	if (err)
		return err;
	w->in_guest = str_fmt("%s%s:%s%s%s", is_path ? "/files/" : "", base_name(w->path),
			      p->provider ? p->provider : "", p->provider ? ":" : "",
			      p->name ? p->name : "");
	return w->in_guest ? 0 : -ENOMEM;
}

int probe_targets__prepare(struct probe_targets *t, struct cli *cli, struct visit_opts *visit)
{
	int err = 0;

	/* The kernel reads the files; nobody runs them. */
	visit->files_not_run = true;
	for (size_t i = 0; !err && i < t->n; i++)
		err = prepare(t, &t->v[i], cli, visit);
	return err;
}

void probe_targets__release(struct probe_targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		probe_target__release(&t->v[i].target);
		free(t->v[i].in_guest);
		free(t->v[i].path);
	}
	free(t->v);
	*t = (struct probe_targets){ 0 };
}
