/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A kernel played inside a test's own program. kernel.c defines open, ioctl, read, close, stat and
 * the like; as the dynamic linker looks symbols up in the program first, the unmodified libusb,
 * libgpiod and libserialport call them instead of libc's. Paths and descriptors that nobody
 * registered go to the real kernel.
 *
 * What is played is a model of the kernel: it is kept honest by reading drivers/usb/core/devio.c,
 * drivers/i2c/i2c-dev.c and drivers/gpio/gpiolib-cdev.c, which the models name. Only calls through
 * the PLT are caught, not those within libc.
 *
 * Everything here may be called from any thread.
 */
#ifndef TESTS_SEAM_KERNEL_H
#define TESTS_SEAM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct seam_file;

/* Results are as the kernel's: negative ones are errno. */
struct seam_node_ops {
	/* Returns a real descriptor (an eventfd, a pipe's end: what the driver polls), which from
	 * then on belongs to the file. */
	int (*open)(struct seam_file *file, int flags);
	int (*ioctl)(struct seam_file *file, unsigned long request, void *argument);
	ssize_t (*read)(struct seam_file *file, void *bytes, size_t count); /* NULL: the real one */
	void *(*map)(struct seam_file *file, size_t count); /* NULL: ENODEV; returns NULL: ENOMEM */
	void (*close)(struct seam_file *file); /* before the descriptor is closed; may be NULL */
};

/* A device node, owned by whoever adds it. */
struct seam_node {
	char path[64];
	unsigned major, minor;
	int open_error; /* 0, or a positive errno that open() gives */
	const struct seam_node_ops *ops;
	void *device;
	struct seam_node *next;
};

/* An open node. */
struct seam_file {
	const struct seam_node_ops *ops;
	void *device;
	void *state; /* the ops' */
	int fd;
};

void seam_node_add(struct seam_node *node);
void seam_node_remove(struct seam_node *node);

/* A plain file (of sysfs) with this content, copied; readlink() takes it for a link to its content.
 * The same path again replaces it. */
void seam_file_set(const char *path, const void *bytes, size_t count);
void seam_text_set(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void seam_file_remove(const char *path);

/* Makes an ioctl's result a file of its own (a line's, of a chip). Takes the real descriptor;
 * returns it, or a negative errno. */
int seam_file_open(const struct seam_node_ops *ops, void *device, void *state, int fd);

/* The real calls. */
ssize_t seam_real_read(int fd, void *bytes, size_t count);
int seam_real_close(int fd);
/* Calls of ioctl() that were answered here. */
unsigned long seam_ioctls(void);
/* Descriptors that are open here: nothing leaks. */
unsigned seam_open_files(void);

#endif
