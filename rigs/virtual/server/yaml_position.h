/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a key or value stands in a YAML file: libcyaml gives the values, but the position only of
 * the element before an error.
 */
#ifndef RIGS_VIRTUAL_SERVER_YAML_POSITION_H
#define RIGS_VIRTUAL_SERVER_YAML_POSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "rigs/virtual/verr.h"

struct yaml_positions;

/* -EINVAL with "PATH:LINE: ..." when the text is no YAML, or holds no or more than one document. */
int yaml_positions_load(const char *path, const char *text, size_t length,
			struct yaml_positions **ret_positions, struct verr *err);
void yaml_positions_free(struct yaml_positions *positions); /* accepts NULL */

/* Line (from 1) of the value under KEY, or under LIST[index].KEY. Where the path ends early, the
 * line of what contains it. list NULL: the top; key NULL: the list's element. */
unsigned yaml_positions_line(struct yaml_positions *positions, const char *list, unsigned index,
			     const char *key);
/* Line of a key of that name that stands at or below a line, in any mapping; 0: none. With
 * repeated set, only one that its own mapping already has. */
unsigned yaml_positions_key_line(struct yaml_positions *positions, const char *key,
				 unsigned from_line, bool repeated);

#endif
