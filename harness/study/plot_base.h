/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_PLOT_BASE_H
#define ASSAY_STUDY_PLOT_BASE_H

#include <stdbool.h>

struct study_data;
struct study_obs;

/* The point around which a study varies one factor at a time, found in the data: the value of each
 * factor that most measured points have, of equals the first. */
struct study_base;

struct study_base *study_base__new(const struct study_data *d); /* NULL: no memory */
void study_base__free(struct study_base *b);
/* "kernel", too; "" for a factor that no point has. */
const char *study_base__value(const struct study_base *b, const char *factor);
/* Has the point the base's value in every factor other than those named ("kernel hook reads")? */
bool study_base__has(const struct study_base *b, const struct study_obs *o, const char *others);

/* Was the point measured, with reads that can be counted? Not: skipped, refused, crashed. */
bool study_obs__measured(const struct study_obs *o);

/* Did the program ask for an override when it ran? An fmod_ret program that returns 0 does not: to
 * the kernel that means to go on with the function. */
bool study_obs__asked(const struct study_obs *o);

/* Of the points of that hook and kernel (NULL: any) at which programs asked for an override and
 * that differ from the base in none but the number of reads and rounds: the one with the most
 * reads. If there is none, one that makes the function return something else. NULL when there is
 * none, too. */
const struct study_obs *study_base__hook(const struct study_base *b, const struct study_data *d,
					 const char *hook, const char *kernel);

#endif
