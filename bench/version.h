/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_VERSION_H
#define BENCH_VERSION_H

#define BENCH_VERSION "0.2.0"

#endif
