// SPDX-License-Identifier: GPL-2.0-only
#include "study/plot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "study/svg.h"

#define DRAW_TIMEOUT_MS 60000

const struct plot_kind plot_kinds[] = {
	{ "override-success-reads", plot__success_reads },
	{ "override-factors", plot__factors },
	{ "override-flip-cpus", plot__flip_cpus },
	{ "override-latency", plot__latency },
	{ "override-order", plot__order },
};
const size_t nr_plot_kinds = sizeof(plot_kinds) / sizeof(plot_kinds[0]);

static void keep_text(void *ctx, const char *line)
{
	strbuf__addf(ctx, "\n  %s", line);
}

static int run_gnuplot(const char *dir, const char *name, const char *format, int cancel_fd)
{
	char *file = str_fmt("%s.gp", name), *set = str_fmt("format='%s'", format);
	/* Nothing of the user's may change a picture: neither ~/.gnuplot, nor GNUTERM, nor a locale
	 * that has not all letters. */
	const char *argv[] = { "gnuplot", "-d", "-e", set, file, NULL };
	static const char *const env[] = { "GNUTERM=unknown", "LC_ALL=C.UTF-8", NULL };
	struct strbuf said = STRBUF_INIT;
	struct proc_opts opts = {
		.argv = argv,
		.dir = dir,
		.env = env,
		.on_line = keep_text,
		.ctx = &said,
		.timeout_ms = DRAW_TIMEOUT_MS,
		.cancel_fd = cancel_fd,
	};
	int status = 0, err = file && set ? proc_run(&opts, &status) : -ENOMEM;

	if (err == -ENOENT) {
		log_err("gnuplot, which draws the pictures, is not there; install package "
			"gnuplot-nox");
	} else if (err == -EINTR) {
		log_err("%s/%s.%s: interrupted", dir, name, format);
	} else if (err == -ETIMEDOUT) {
		log_err("%s/%s.%s: gnuplot was stopped, for it took longer than %d s%s", dir, name,
			format, DRAW_TIMEOUT_MS / 1000, strbuf__str(&said));
	} else if (err || status) {
		log_err("%s/%s.%s: gnuplot could not draw it: %s%s", dir, name, format,
			err ? strerror(-err) : "it said:", strbuf__str(&said));
		err = err ?: -EIO;
	} else if (said.len) {
		log_warn("%s/%s.%s: gnuplot said:%s", dir, name, format, strbuf__str(&said));
	}
	strbuf__free(&said);
	free(file);
	free(set);
	return err;
}

static int tidy(const char *dir, const char *name)
{
	char *path = str_fmt("%s/%s.svg", dir, name), *svg = NULL, *less = NULL;
	int err = path ? file_read(path, 0, &svg, NULL) : -ENOMEM;

	if (!err) {
		less = svg__tidy(svg);
		err = less ? file_write(path, less, strlen(less)) : -ENOMEM;
	}
	if (err)
		log_err("%s/%s.svg: cannot be made smaller: %s", dir, name, strerror(-err));
	free(path);
	free(svg);
	free(less);
	return err;
}

int plot__draw(const char *dir, const char *name, const char *script, const struct strv *formats,
	       int cancel_fd)
{
	char *path = str_fmt("%s/%s.gp", dir, name);
	int err = path ? file_write(path, script, strlen(script)) : -ENOMEM;

	if (err)
		log_err("%s/%s.gp: cannot be written: %s", dir, name, strerror(-err));
	for (size_t i = 0; !err && i < formats->n; i++) {
		err = run_gnuplot(dir, name, formats->v[i], cancel_fd);
		if (!err && !strcmp(formats->v[i], "svg"))
			err = tidy(dir, name);
	}
	free(path);
	return err;
}
