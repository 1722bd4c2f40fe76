/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_WIRE_EVENT_H
#define ASSAY_WIRE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/record.h"

/* What guest and host say to each other: one JSON object a line, UTF-8, no line longer than
 * WIRE_LINE_MAX. The first key of every event is "ev" (guest to host) or "job" (host to guest).
 *
 * Guest to host:
 *   hello    {proto, release, build_id, cpus, mem_kb, cpu_model, uptime_us}
 *   start    {experiment}
 *   progress {experiment, done, total, what}
 *   program  {experiment, name, index, total}      a program of an object is about to be loaded; the
 *            time limit is for each
 *   record   {record: {...}}                       see wire/record_json.h
 *   text     {experiment, name, kind, part, last, data}   evidence in parts of at most 64 KiB;
 *            kind: log, libbpf, dmesg, trace_pipe, stack, table; name "" for the experiment's own
 *   end      {experiment, status, reason, splat}   exactly one per experiment; splat, the class
 *            of a splat that was not declared (model/splat.h), only where there was one
 *   out      {fd, data}                            exec's output, base64
 *   exit     {status}                              exec and shell: 0-255, 128 + signal
 *   renewed  {nonce, reason, time_ns}              renew's nonce; reason "" when all went well; the
 *            guest's time of day afterwards
 *   log      {level, text}                         the guest's own diagnostics
 * Host to guest:
 *   run      {experiment, params: {name: value}, repeats, precision (of the median time, in
 *             per cent; 0: none), features: [..], release, build_id, timeout_ms (0: none)}; for
 *             an object of the user's also {object (its path in the guest), globals:
 *             {variable: value}, programs: [pattern..], first (index of its first program)}
 *   exec     {argv: [...], rows, cols}
 *   shell    {rows, cols, term}
 *   renew    {nonce, time_ns, entropy}             the time of day (ns since 1970) and random bytes
 *            (base64), for a guest that goes on from a saved state
 *   poweroff {}
 */
#define WIRE_PROTO    1
#define WIRE_LINE_MAX (4u << 20)
#define WIRE_PART_MAX (64u << 10)
#define WIRE_PORT     "org.assay.wire" /* name of the virtio-serial port of the events */
#define WIRE_TTY_PORT "org.assay.tty"  /* raw bytes of `assay shell` */
/* In the guest's folder of modules: those that the guest program loads before it does anything
 * else, in their order, a line for each: "[-]FILE[ ARGUMENTS]". With '-' the module may fail. */
#define GUEST_BOOT_LIST "boot.list"
/* Volume label of the ext4 file system on the disk that the host makes for an experiment. */
#define WIRE_DISK_LABEL "assay"

/* A reader that is fed bytes as they come and gives whole events. A line that is too long, no
 * JSON, or no object with "ev"/"job" sets an error that names line number and cause; reading
 * goes on with the next line. */
struct wire_reader;
struct wire_reader *wire_reader__new(void);
void wire_reader__free(struct wire_reader *r);
int wire_reader__feed(struct wire_reader *r, const void *data, size_t len); /* 0 or -ENOMEM */
/* Returns 1 and the event (caller json_decref's it), 0 when there is no whole line, or -EBADMSG
 * and a sentence in *err (valid until the next call). */
int wire_reader__next(struct wire_reader *r, json_t **event, const char **err);
/* Bytes of an unfinished line: a stream that ends with some was cut off. */
size_t wire_reader__pending(const struct wire_reader *r);

const char *wire_type(const json_t *event); /* value of "ev" or "job" */
/* Typed access to a field: 0, -ENOENT when missing, -EINVAL when of another type. Strings are
 * borrowed. */
int wire_str(const json_t *event, const char *key, const char **out);
int wire_int(const json_t *event, const char *key, int64_t *out);

/* Writes the event as one line to a blocking descriptor; steals the reference (also on failure,
 * and an event of NULL is -ENOMEM). */
int wire_send(int fd, json_t *event);

/* base64, RFC 4648; caller frees. */
char *base64__encode(const void *data, size_t len);
int base64__decode(const char *s, void **data, size_t *len);

#endif
