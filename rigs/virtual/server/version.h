/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The version that a port's signature names.
 */
#ifndef RIGS_VIRTUAL_SERVER_VERSION_H
#define RIGS_VIRTUAL_SERVER_VERSION_H

#define VIRTUAL_RIG_VERSION "0.2.0"

#endif
