# PyTorch's side of the training workloads: plain SGD in double precision on the batches that
# arrive on standard input, timed when asked to.  Arguments: number of threads, OPENBLAS_CORETYPE
# ('' to leave it alone).
import os
import sys
import time

threads, core = sys.argv[1], sys.argv[2]
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads
if core:
    os.environ["OPENBLAS_CORETYPE"] = core
import torch

F = torch.nn.functional
source = sys.stdin.buffer
torch.set_num_threads(int(threads))
torch.manual_seed(1)


def read(*shape):
    n = 1
    for extent in shape:
        n *= extent
    data = bytearray(source.read(8 * n))
    return torch.frombuffer(data, dtype=torch.float64).reshape(shape).clone()


kind, *numbers, alpha = source.readline().decode().split()
width, channels, height, breadth, batch, n_batches, d = map(int, numbers)
m = channels * height * breadth
theta = read(d)
samples = read(batch * n_batches, m + 1)

# Batches are gathered from a data set in which their rows are spread, as sampling does.
order = torch.randperm(batch * n_batches)
pixels = torch.empty(batch * n_batches, m, dtype=torch.float64)
labels = torch.empty(batch * n_batches, dtype=torch.int64)
pixels[order] = samples[:, :m]
labels[order] = samples[:, m].long()
del samples

if kind == "mlp":
    shapes = [(width, m), (width,), (10, width), (10,)]
else:
    last = 2 * width * (height // 8) * (breadth // 8)
    shapes = [(width, channels, 3, 3), (width,)]
    shapes += [(2 * width, width, 3, 3), (2 * width,), (2 * width, 2 * width, 3, 3), (2 * width,)]
    shapes += [(10, last), (10,)]
params = []
for shape in shapes:
    n = torch.Size(shape).numel()
    params.append(theta[:n].reshape(shape).clone().requires_grad_())
    theta = theta[n:]
assert theta.numel() == 0


def logits(x):
    if kind == "mlp":
        return F.linear(F.relu(F.linear(x, params[0], params[1])), params[2], params[3])
    x = x.reshape(-1, channels, height, breadth)
    for k in range(0, 6, 2):
        x = F.max_pool2d(F.relu(F.conv2d(x, params[k], params[k + 1], padding=1)), 2)
    return F.linear(x.flatten(1), params[6], params[7])


def step(t):
    rows = order[t % n_batches * batch:][:batch]
    loss = F.cross_entropy(logits(pixels.index_select(0, rows)), labels.index_select(0, rows))
    for p in params:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p in params:
            p.sub_(p.grad, alpha=float(alpha))
    return loss


blas = "?"
for line in open("/proc/self/maps") if os.path.exists("/proc/self/maps") else ():
    if "blas" in line.lower() or "mkl_" in line:
        blas = line.split()[-1]
print("PyTorch", torch.__version__, "with", blas, flush=True)
t = 0
for line in source:
    what, n = line.decode().split()
    wall, used = time.perf_counter(), time.process_time()
    for t in range(t, t + int(n)):
        loss = step(t)
        if what == "check":
            print(repr(loss.item()))
    t += 1
    if what == "time":
        print(time.perf_counter() - wall, time.process_time() - used)
    sys.stdout.flush()
