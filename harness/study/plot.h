/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_PLOT_H
#define ASSAY_STUDY_PLOT_H

#include <stddef.h>

struct strv;
struct study_data;

/* A picture that can be drawn from a study's run. */
struct plot_kind {
	const char *name; /* of its files, without suffix: "override-success-reads" */
	/* Writes the gnuplot script to *script. -ENODATA and a phrase in *why ("no point has …")
	 * when the run has nothing for it. The caller frees both, in any case. */
	int (*script)(const struct study_data *d, char **script, char **why);
};
extern const struct plot_kind plot_kinds[];
extern const size_t nr_plot_kinds;

int plot__success_reads(const struct study_data *d, char **script, char **why);
int plot__factors(const struct study_data *d, char **script, char **why);
int plot__flip_cpus(const struct study_data *d, char **script, char **why);
int plot__latency(const struct study_data *d, char **script, char **why);
int plot__order(const struct study_data *d, char **script, char **why);

/* Writes dir/name.gp and has gnuplot draw dir/name.FORMAT of it for each format ("svg", "png").
 * -ENOENT when there is no gnuplot, logged with what to install; -EIO when it failed, logged with
 * what it said. */
int plot__draw(const char *dir, const char *name, const char *script, const struct strv *formats,
	       int cancel_fd);

#endif
