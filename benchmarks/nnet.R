# Seconds that R's nnet takes for so many iterations. Called by speed.py:
#     Rscript nnet.R data.csv units iterations decay
library(nnet)
given <- commandArgs(trailingOnly = TRUE)
table <- as.matrix(read.csv(given[1], header = FALSE))
X <- table[, -ncol(table)]
y <- table[, ncol(table)]
set.seed(0)
start <- proc.time()[["elapsed"]]
fit <- nnet(X, y, size = as.numeric(given[2]), maxit = as.numeric(given[3]),
            decay = as.numeric(given[4]), entropy = TRUE, reltol = 0, abstol = 0, MaxNWts = 1e6,
            trace = FALSE)
seconds <- proc.time()[["elapsed"]] - start
stopifnot(fit$convergence == 1)  # all iterations were taken
cat(seconds)
