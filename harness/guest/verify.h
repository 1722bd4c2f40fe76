/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_VERIFY_H
#define ASSAY_GUEST_VERIFY_H

struct exp;
struct run_request;

/* Loads each program of the request's object by itself, from an object opened afresh, and reports
 * its record and texts; what keeps it from the verifier is told apart from what the verifier says
 * (guest/verify_failure.h). One program's failure hides no other's: maps and externs that can't be
 * had are left out for programs that do not use them. An object that libbpf can't open, or whose
 * global variables can't be set as asked, makes the experiment unexpected, with the reason. 0 or
 * -errno. */
int verify__object(struct exp *e, const struct run_request *rq);

#endif
