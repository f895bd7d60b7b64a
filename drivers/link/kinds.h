/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of link there are; link.c holds them in one array.
 */
#ifndef DRIVERS_LINK_KINDS_H
#define DRIVERS_LINK_KINDS_H

#include "drivers/link/link.h"

extern const struct link_ops link_rfc2217;      /* rfc2217.c */
extern const struct link_ops link_rfc2217_unix; /* rfc2217.c */
extern const struct link_ops link_serial;       /* serial.c */
extern const struct link_ops link_tcp;          /* tcp.c */

/* Finds the kind of a uri, and where in it the address begins. -EINVAL: there is none. */
int link_kind_find(const char *uri, const struct link_ops **ret_ops, const char **ret_address,
		   struct err *err);

#endif
