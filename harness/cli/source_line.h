/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_SOURCE_LINE_H
#define ASSAY_CLI_SOURCE_LINE_H

#include <stddef.h>

#include "base/str.h"
#include "model/vlog_lines.h"

/* The source line that a verifier log is about: the instruction of its message, looked up in the
 * program's disassembly with source lines (llvm-objdump -d -S -l, from the program's heading on),
 * else the last line that the log itself names (Linux 6.8 and later print "@ file.c:12"). Without
 * a log, or one with a message, the program's first line. log and disasm may be NULL. *file is the
 * path below the root of the tree ("experiments/e/e.bpf.c"; of a file that lies elsewhere its
 * name), caller frees, NULL when nothing is known; *line is then 0. 0 or -ENOMEM. */
int source_line__find(const char *log, const char *disasm, char **file, long *line);
/* The same of texts that a run kept: paths, or NULL; unreadable ones count as none. A file without
 * a folder is taken for the experiment's when it is called like it. */
int source_line__of_texts(const char *experiment, const char *log, const char *disasm, char **file,
			  long *line);

/* Where each instruction of a program comes from, by its number, as far as its disassembly (with
 * -l -S, from the heading on) says; of later functions that libbpf appends it says nothing. */
struct source_places {
	struct vlog_place *v; /* files below the root of the tree, as above */
	size_t n, room;
	struct strv owned; /* the texts behind v */
};
int source_places__read(const char *disasm, struct source_places *out); /* 0 or -ENOMEM */
void source_places__release(struct source_places *p);

#endif
