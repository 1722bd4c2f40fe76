// SPDX-License-Identifier: GPL-2.0-only
#include "cli/json_out.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "model/record.h"
#include "model/timing.h"
#include "store/store.h"
#include "wire/record_json.h"

int json_out__record(FILE *out, const char *run_name, const struct stored_record *r)
{
	const struct guest_info *g = &r->guest;
	/* Of the fields whose names say us: those of series and metrics say it themselves. */
	const char *unit = timing__is_virtual(g->timing) ? "virtual us" : "us";
	json_t *record = record_json__pack(r->record), *line = NULL;
	char *text = NULL;
	int err = -ENOMEM;

	/* s?: null for what is not known. */
	line = json_pack("{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:s?, s:I, s:I}", "run",
			 run_name, "kernel", g->kernel, "release", g->release, "build_id",
			 g->build_id, "image_key", g->image_key, "accel", g->accel, "timing",
			 g->timing, "time_unit", unit, "cpu_model", g->cpu_model, "cpus",
			 (json_int_t)g->cpus, "mem_mb", (json_int_t)g->mem_mb);
	if (record && line && !json_object_update(line, record))
		text = json_dumps(line, JSON_COMPACT);
	if (text)
		err = fprintf(out, "%s\n", text) < 0 ? -errno : 0;
	free(text);
	json_decref(line);
	json_decref(record);
	return err;
}
