/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GPIO chips in the played kernel, after drivers/gpio/gpiolib-cdev.c: /dev/gpiochipN with both
 * uAPIs. Version 1 (libgpiod 1.6): one descriptor per event line, 16 events deep, a newer event is
 * dropped and nothing shows it. Version 2: one descriptor per request, as deep as asked for, the
 * oldest event is dropped and the sequence numbers show it.
 */
#ifndef TESTS_SEAM_GPIO_H
#define TESTS_SEAM_GPIO_H

#include "tests/seam/kernel.h"

enum { SEAM_GPIO_LINES_MAX = 32, SEAM_GPIO_V1_DEPTH = 16 };

struct seam_gpio_request;

/* A chip. Owned by the test; the first part is set before seam_gpio_plug. */
struct seam_gpio {
	unsigned number; /* of /dev/gpiochipN */
	const char *label;
	unsigned lines;
	const char *names[SEAM_GPIO_LINES_MAX]; /* NULL: has none */
	uint32_t held;                          /* bit per line: the kernel itself uses it */
	int open_error;                         /* positive errno */
	bool has_no_v2;                         /* an old kernel: those ioctls are EINVAL */
	bool is_gone;                           /* unplugged while a line is held: ENODEV */
	/* Called when a line is driven, or let go (level -1), with the lock held; may be NULL. */
	void (*on_output)(struct seam_gpio *gpio, unsigned line, int level);
	void *context;

	/* The model's; read with the functions below. */
	uint32_t levels, outputs, driven;
	unsigned long dropped; /* events that a FIFO had no room for */
	struct seam_gpio_request *requests;
	struct seam_node node;
};

void seam_gpio_plug(struct seam_gpio *gpio);
void seam_gpio_unplug(struct seam_gpio *gpio);

/* The outside drives the line; a level that changes is an edge at t_mono_ns for whoever asked for
 * such edges. */
void seam_gpio_drive(struct seam_gpio *gpio, unsigned line, bool level, int64_t t_mono_ns);
/* The level a program drives the line to; -1: none does, or an open drain lets go of it. */
int seam_gpio_output(struct seam_gpio *gpio, unsigned line);
unsigned long seam_gpio_dropped(struct seam_gpio *gpio);
/* True when a program has requested the line. */
bool seam_gpio_is_requested(struct seam_gpio *gpio, unsigned line);

#endif
