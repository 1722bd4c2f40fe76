/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of read-path's loader share. */
#ifndef READ_PATH_LOADER_H
#define READ_PATH_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/trail.h"
#include "read-path.h"
#include "read-path.skel.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE	   4096
#define FILE_PAGES 256

typedef struct read_path_bpf__bss globals;

struct read_path {
	struct exp *e;
	struct bpf_object *obj;
	globals *g;
	int memory, disk; /* files of FILE_PAGES pages, on tmpfs and on ext4; disk: -1, or none */
	const char *no_disk;	    /* why there is none */
	uint64_t address[NR_STEPS]; /* of the functions; 0: no such symbol */
	/* copyout's name here: "copyout_bpf", "copyout", or NULL where it is inlined. */
	const char *copyout;
	char buf[PAGE] __attribute__((aligned(PAGE)));
};

extern const char *const read_path__steps[NR_STEPS];

/* The byte at an offset of the files. */
char read_path__byte(size_t at);

/* Attaches the loaded program `prog` to a function. NULL with errno set. */
struct bpf_link *read_path__attach(struct read_path *p, const char *prog, bool at_return,
				   const char *function);
/* The function in which an event was noted; "return", or "?". */
const char *read_path__function(const struct read_path *p, const struct event *ev);
/* Reads a page into p->buf under the programs' eyes. What pread returns, or -errno. */
long read_path__read(struct read_path *p, int fd, size_t page);

/* functions.c: X6; bytes.c: X7 and X8; stamps.c: X18 */
int read_path__functions(struct read_path *p);
int read_path__bytes(struct read_path *p);
int read_path__stamps(struct read_path *p);

#endif
