/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MEMCACHED_SERVER_H
#define ASSAY_MEMCACHED_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#define SERVER_PATH EXP_PROGRAM_DIR "memcached"

/* A memcached on the loopback interface, with one worker thread. */
struct mc_server {
	pid_t pid; /* 0: none */
};

/* Starts one and waits until it answers. With own_mounts it has its own mount namespace, in which
 * SERVER_PATH is a copy of the program: the same path and bytes, another inode. 0 or -errno. */
int mc_server__start(struct mc_server *s, bool own_mounts);
void mc_server__stop(struct mc_server *s);

/* A client of it: memcached's text protocol over TCP, one command at a time. */
struct mc_client {
	int fd;
	unsigned int commands; /* sent until now */
};
int mc_client__open(struct mc_client *c); /* 0 or -errno */
void mc_client__close(struct mc_client *c);
/* 0 or -errno; -EPROTO when the server's answer is none of those that belong to the command. */
int mc_client__set(struct mc_client *c, const char *key, const char *value);
int mc_client__get(struct mc_client *c, const char *key, bool *found);
int mc_client__delete(struct mc_client *c, const char *key);
int mc_client__increment(struct mc_client *c, const char *key);

#endif
