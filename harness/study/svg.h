/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_SVG_H
#define ASSAY_STUDY_SVG_H

/* Takes out of gnuplot's SVG what changes no pixel: groups and paths that draw nothing, attributes
 * that have their initial value, tooltips with the script's expressions, zeros after the point.
 * Half of a picture with many marks is that. The caller frees; NULL: no memory. */
char *svg__tidy(const char *svg);

#endif
