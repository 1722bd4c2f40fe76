/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_EVIDENCE_H
#define ASSAY_CLI_EVIDENCE_H

/* The texts (verifier log, libbpf's messages) of programs whose record is not judged yet. */
struct evidence;
struct evidence *evidence__new(void); /* NULL on ENOMEM */
void evidence__free(struct evidence *ev);
int evidence__add(struct evidence *ev, const char *program, const char *data); /* 0 or -ENOMEM */
const char *evidence__text(const struct evidence *ev, const char *program);    /* never NULL */
void evidence__drop(struct evidence *ev, const char *program);

#endif
