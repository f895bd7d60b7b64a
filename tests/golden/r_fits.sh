#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The predictor's fits against R's lm and nls on the same table: coefficients, standard errors,
# residual scale, and a 95 % prediction interval, to 1e-9 relative. Needs Rscript (r-base-core).
set -euo pipefail
command -v Rscript >/dev/null || { echo "skipped: Rscript is not there (Debian package r-base-core)"; exit 77; }
build=${JOULEBENCH_BUILD:-build}
mkdir -p "$build/scratch"
scratch=$(mktemp -d "$build/scratch/r-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

"$build/bin/golden_r_fits" "$scratch"
Rscript --vanilla - "$scratch" <<'R'
folder <- commandArgs(trailingOnly = TRUE)[1]
tables <- read.csv(file.path(folder, "table.csv"))
ours <- read.csv(file.path(folder, "fits.csv"))
linear <- list("energy-proportional" = y ~ 0 + cycles, "energy-affine" = y ~ cycles,
               "energy-stall" = y ~ 0 + cycles + stall_cycles, "energy-classes" = y ~ 0 + c1 + c2 + c3,
               "energy-macs-weights" = y ~ 0 + macs + weights,
               "energy-mix" = y ~ 0 + cycles + memory_instructions + multiply_instructions,
               "energy-mix-stall" = y ~ 0 + cycles + memory_instructions + multiply_instructions + stall_cycles)
idle <- function(v) as.formula(paste0("y ~ 0 + I(", v, "*cycles) + I(", v, "*memory_instructions) + I(", v,
  "*multiply_instructions) + I(", v, "*stall_cycles) + I(idle_power_w*time_s) + I(supply_v*time_s*stall_cycles/cycles)"))
linear[["energy-idle-mix-ldo"]] <- idle("core_v*supply_v")
linear[["energy-idle-mix-smps"]] <- idle("core_v^2")
# Leakage and switching voltages as on the board; derivatives are exact, so nls ends where it should.
curve <- deriv(~ 1e-12 * a * sv * cycles + (1e-3 * P0 + 1e-5 * I0 * lv * exp((temp_c - 25) / Ts)) * time_s,
               c("a", "P0", "I0", "Ts"), function(a, P0, I0, Ts, sv, lv, cycles, temp_c, time_s) NULL)
unit <- c(1e-12, 1e-3, 1e-5, 1)
worst <- 0
compared <- 0
compare <- function(data, fit, quantity, value) {
  mine <- ours$value[ours$data == data & ours$fit == fit & ours$quantity == quantity]
  stopifnot(length(mine) == 1, is.finite(value))
  off <- abs(mine / value - 1)
  if (off > 1e-9) cat(sprintf("%s on %s: %s is %.15g, R has %.15g\n", fit, data, quantity, mine, value))
  worst <<- max(worst, off)
  compared <<- compared + 1
}
compare_all <- function(data, name, value, error, sigma, predicted, spread, dof) {
  for (j in seq_along(value)) {
    compare(data, name, paste0("value", j), value[j])
    compare(data, name, paste0("u", j), error[j])
  }
  compare(data, name, "sigma", sigma)
  compare(data, name, "predicted", predicted)
  compare(data, name, "low", predicted - qt(0.975, dof) * spread)
  compare(data, name, "high", predicted + qt(0.975, dof) * spread)
}
for (data in unique(tables$data)) {
  d <- tables[tables$data == data, ]
  n <- nrow(d)
  for (name in names(linear)) {
    fit <- lm(linear[[name]], d, weights = 1 / u^2, tol = 1e-14)
    s <- summary(fit)
    p <- predict(fit, d[n, ], se.fit = TRUE)
    compare_all(data, name, coef(s)[, 1], coef(s)[, 2], s$sigma, unname(p$fit),
                sqrt(p$se.fit^2 + (s$sigma * d$u[n])^2), fit$df.residual)
  }
  ldo <- data == "energy-levels-ldo"
  d$sv <- if (ldo) d$core_v * d$supply_v else d$core_v^2
  d$lv <- if (ldo) d$supply_v else d$core_v
  model <- y ~ curve(a, P0, I0, Ts, sv, lv, cycles, temp_c, time_s)
  fit <- nls(model, d, weights = 1 / u^2, start = list(a = 85, P0 = 0.5, I0 = 2.5, Ts = 32),
             control = nls.control(maxiter = 500, tol = 1e-8))
  # nls halves steps by the sum of squares, which is flat there: full steps with R's own QR go further.
  b <- coef(fit)
  for (k in 1:4) {
    f <- do.call(curve, c(as.list(b), d[c("sv", "lv", "cycles", "temp_c", "time_s")]))
    b <- b + qr.coef(qr(attr(f, "gradient") / d$u, tol = 1e-14), (d$y - as.numeric(f)) / d$u)
  }
  fit <- nls(model, d, weights = 1 / u^2, start = as.list(b), control = nls.control(tol = 1e-10))
  s <- summary(fit)
  at <- do.call(curve, c(as.list(coef(fit)), as.list(d[n, c("sv", "lv", "cycles", "temp_c", "time_s")])))
  g <- attr(at, "gradient")
  compare_all(data, data, coef(s)[, 1] * unit, coef(s)[, 2] * unit, s$sigma, as.numeric(at),
              sqrt(as.numeric(g %*% vcov(fit) %*% t(g)) + (s$sigma * d$u[n])^2), df.residual(fit))
}
stopifnot(compared == nrow(ours))
cat(sprintf("%s: %d numbers compared, largest relative difference %.2g\n", R.version.string, compared, worst))
quit(status = if (worst <= 1e-9) 0 else 1)
R
