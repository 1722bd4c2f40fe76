/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_SOURCE_LINE_H
#define ASSAY_CLI_SOURCE_LINE_H

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

#endif
