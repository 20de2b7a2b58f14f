"""The loops that people write in PyTorch, each doing what a run of the study does.

All see the same float32 features, the same order of batches and the same evaluations: after every
31st step the validation loss and accuracy, and the training accuracy over the whole training set.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import cross_entropy, one_hot
from torch.utils.data import DataLoader, TensorDataset

Tensor = torch.Tensor


class Data:
    """Features and labels as tensors, and the calendar of a run."""

    def __init__(self, X, y, validation_X, validation_y, *, batch_size, n_classes):
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y).long()
        self.vX, self.vy = torch.from_numpy(validation_X), torch.from_numpy(validation_y).long()
        self.batch_size, self.n_classes = batch_size, n_classes
        self.batches = len(X) // batch_size
        self.every = max(1, self.batches // 5)

    def order(self, epoch: int) -> Tensor:
        """Return the batches of an epoch, (batches, batch_size)."""
        generator = torch.Generator().manual_seed(epoch)
        order = torch.randperm(len(self.X), generator=generator)
        return order[: self.batches * self.batch_size].view(self.batches, self.batch_size)


@torch.no_grad()
def evaluate(data: Data, W: Tensor, b: Tensor) -> tuple[float, float, float]:
    """Evaluate one model."""
    scores = torch.addmm(b, data.vX, W)
    loss = cross_entropy(scores, data.vy).item()
    accuracy = (scores.argmax(1) == data.vy).float().mean().item()
    train = (torch.addmm(b, data.X, W).argmax(1) == data.y).float().mean().item()
    return loss, accuracy, train


@torch.no_grad()
def by_hand(data: Data, epochs: int, rate: float, l2: float) -> list[tuple[float, float, float]]:
    """Gradients written out, no autograd."""
    W = torch.zeros(data.X.shape[1], data.n_classes)
    b = torch.zeros(data.n_classes)
    targets = one_hot(data.y, data.n_classes).float()
    history, step = [], 0
    for epoch in range(epochs):
        for rows in data.order(epoch):
            x = data.X[rows]
            residuals = torch.softmax(torch.addmm(b, x, W), 1).sub_(targets[rows])
            W.mul_(1 - 2 * rate * l2).addmm_(x.T, residuals, alpha=-rate / len(rows))
            b.mul_(1 - 2 * rate * l2).sub_(residuals.sum(0), alpha=rate / len(rows))
            if step % data.every == 0:
                history.append(evaluate(data, W, b))
            step += 1
    return history


def autograd(data: Data, epochs: int, rate: float, l2: float) -> list[tuple[float, float, float]]:
    """Train an nn.Linear by SGD on indexed batches."""
    model, optimizer = _linear(data, rate, l2)
    history, step = [], 0
    for epoch in range(epochs):
        for rows in data.order(epoch):
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(data.X[rows]), data.y[rows]).backward()
            optimizer.step()
            if step % data.every == 0:
                history.append(evaluate(data, model.weight.T, model.bias))
            step += 1
    return history


def dataloader(data: Data, epochs: int, rate: float, l2: float) -> list[tuple[float, float, float]]:
    """Do the same with a DataLoader, as tutorials have it."""
    model, optimizer = _linear(data, rate, l2)
    loader = DataLoader(
        TensorDataset(data.X, data.y), data.batch_size, shuffle=True, drop_last=True
    )
    history, step = [], 0
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(model(x), y).backward()
            optimizer.step()
            if step % data.every == 0:
                history.append(evaluate(data, model.weight.T, model.bias))
            step += 1
    return history


def _linear(data: Data, rate: float, l2: float):
    model = torch.nn.Linear(data.X.shape[1], data.n_classes)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    return model, torch.optim.SGD(model.parameters(), lr=rate, weight_decay=2 * l2)


@torch.no_grad()
def stacked(data: Data, epochs: int, rates: list[float], l2s: list[float]) -> list[Tensor]:
    """All models side by side in one matrix, so that each product is one large one."""
    models, classes = len(rates), data.n_classes
    W = torch.zeros(data.X.shape[1], models * classes)
    b = torch.zeros(models * classes)
    rate = torch.tensor(rates).repeat_interleave(classes)
    keep = 1 - 2 * rate * torch.tensor(l2s).repeat_interleave(classes)
    targets = one_hot(data.y, classes).float()[:, None, :]
    history, step = [], 0
    for epoch in range(epochs):
        for rows in data.order(epoch):
            x = data.X[rows]
            scores = torch.addmm(b, x, W).view(-1, models, classes)
            residuals = torch.softmax(scores, 2).sub_(targets[rows]).view(len(rows), -1)
            residuals.mul_(-rate / len(rows))
            W.mul_(keep).addmm_(x.T, residuals)
            b.mul_(keep).add_(residuals.sum(0))
            if step % data.every == 0:
                history.append(_evaluate_stacked(data, W, b, models))
            step += 1
    return history


def _evaluate_stacked(data: Data, W: Tensor, b: Tensor, models: int) -> Tensor:
    scores = torch.addmm(b, data.vX, W).view(-1, models, data.n_classes)
    losses = torch.logsumexp(scores, 2).sub_(
        scores.gather(2, data.vy[:, None, None].expand(-1, models, 1))[..., 0]
    )
    accuracy = (scores.argmax(2) == data.vy[:, None]).float().mean(0)
    train = torch.addmm(b, data.X, W).view(-1, models, data.n_classes).argmax(2)
    return torch.stack([losses.mean(0), accuracy, (train == data.y[:, None]).float().mean(0)])


def heads_listed(
    X: Tensor, y: Tensor, order: Tensor, sets: list[tuple[int, int]], rates: list[float]
) -> None:
    """Train heads on sets of features as DINOv2 publishes it: a layer each, one optimizer."""
    classes = int(y.max()) + 1
    heads = [(s, rate, torch.nn.Linear(s[1] - s[0], classes)) for s in sets for rate in rates]
    groups = [{"params": head.parameters(), "lr": rate} for _, rate, head in heads]
    optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(order), eta_min=0)
    for rows in order:
        x, labels = X[rows].float(), y[rows]
        inputs = {s: x[:, slice(*s)] for s in sets}
        loss = sum(cross_entropy(head(inputs[s]), labels) for s, _, head in heads)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()


@torch.no_grad()
def heads_stacked(
    X: Tensor, y: Tensor, order: Tensor, sets: list[tuple[int, int]], rates: list[float]
) -> None:
    """Train them with those of a set side by side: two products a set, gradients by hand."""
    classes, steps = int(y.max()) + 1, len(order)
    rate = torch.tensor(rates).repeat_interleave(classes)
    stacks = [
        (s, 0.01 * torch.randn(s[1] - s[0], len(rate)), torch.zeros(s[1] - s[0], len(rate)),
         torch.zeros(len(rate)), torch.zeros(len(rate)))
        for s in sets
    ]  # fmt: skip
    targets = one_hot(y, classes).float()[:, None, :]
    for step, rows in enumerate(order):
        x, own = X[rows].float(), targets[rows]
        now = rate * (-0.5 * (1 + math.cos(math.pi * step / steps)))
        for s, W, V, b, v in stacks:
            read = x[:, slice(*s)]
            scores = torch.addmm(b, read, W).view(len(rows), -1, classes)
            residuals = torch.softmax(scores, 2).sub_(own).view(len(rows), -1)
            residuals.div_(len(rows))
            W.addcmul_(V.mul_(0.9).addmm_(read.T, residuals), now)
            b.addcmul_(v.mul_(0.9).add_(residuals.sum(0)), now)
