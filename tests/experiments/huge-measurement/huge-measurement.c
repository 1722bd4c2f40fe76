// SPDX-License-Identifier: GPL-2.0-only

/* A series that is longer than an event may be. The harness must say: harness error, naming the
 * measurement; the event stream stays intact, so that the small one before it is kept. */
#include <errno.h>
#include <stdlib.h>

#include "guest/experiment.h"
#include "model/record.h"

#define SAMPLES 2000000

static int measure(struct exp *e, struct bpf_object *obj)
{
	double *values = calloc(SAMPLES, sizeof(*values));
	struct record *r = exp__measurement(e, "small");
	int err;

	(void)obj;
	if (!values)
		return -ENOMEM;
	for (int i = 0; i < SAMPLES; i++)
		values[i] = i + 0.123456789;
	record__series(r, "values", "1", values, 10);
	err = exp__emit(e, r);
	if (!err) {
		r = exp__measurement(e, "huge");
		record__series(r, "values", "1", values, SAMPLES);
		err = exp__emit(e, r);
	}
	free(values);
	return err;
}

const struct experiment experiment_huge_measurement = {
	.name = "huge-measurement",
	.summary = "Self-test: a measurement that is too large to send.",
	.measure = measure,
};
