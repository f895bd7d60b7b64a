/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRMWARE_IMAGE_IMAGE_CHECK_KINDS_H
#define FIRMWARE_IMAGE_IMAGE_CHECK_KINDS_H

#include "firmware/image/needs.h"

/* The operator is of a known kind, and its tensors and parameters are possible for it. The tensors
 * have been found valid; constants, scratch space and places in the arena are not looked at. */
bool image_kind_is_valid(const struct image_use *use);

#endif
