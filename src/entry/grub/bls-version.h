/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The two orders in which builds of GRUB sort Boot Loader Specification entries. */

/* Red Hat (commands/blscfg.c): NAME-VERSION-RELEASE, each part compared as rpm does. */
int bls_compare_rpm(const char *a, const char *b);
/* The same, and names that compare equal in an order that does not depend on that of the directory. */
int bls_compare_rpm_total(const char *a, const char *b);
/* Upstream (commands/blsuki.c): filevercmp() of gnulib. */
int bls_compare_filevercmp(const char *a, const char *b);
