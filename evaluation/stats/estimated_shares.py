"""Averages of group-time effects as R's did reports them: shares of cohorts estimated, with their own uncertainty.

Only to reproduce other programs. Here weights are part of the estimand and fixed (`aggregate`); there a cohort's share
is its units' share of a sample, and its sampling adds a term to the standard error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from evaluation.stats.combine import combine
from evaluation.stats.records import Design, Estimand, Estimate, Floats, Influence, Integers
from evaluation.stats.regression import influence_of

Summary = Literal["simple", "group", "dynamic", "calendar"]


def aggregate_with_estimated_shares(att_gt: Estimate, summary: Summary) -> Estimate:
    """Return the summary of group-time effects, as `overall`, and the averages it is made of.

    simple: effects in the program, by cohort share. group: plain means by cohort, joined by cohort share. dynamic:
    averages by event time, of which those in the program have the summary as plain mean; calendar: by period likewise.
    The share of a cohort is that of its units' weight, seen in the period or not. No cohort is left out.

    Returns
    -------
    Estimate
        With influence, no regression: Σ_k ω_k ψ(att_k) + Σ_k att_k ψ(ω_k), ω_k = p_g(k) / Σ_l p_g(l), p of unit i
        moved by w_i (1{g_i = g} − p_g) / Σw.

    Raises
    ------
    ValueError
        The estimate has no influence, or no effect in the program.
    """
    own = influence_of(att_gt)
    cohort, period, event_time = (np.array([np.nan if (v := getattr(e, name)) is None else v for e in att_gt.estimands],
                                           dtype=np.float64) for name in ("cohort", "period", "event_time"))
    post = period >= cohort
    if own is None or not post.any():
        raise ValueError("there is no effect in the program to average, or no influence of clusters on it")
    label = {"simple": 0 * cohort, "group": cohort, "dynamic": event_time, "calendar": period}[summary]
    averages = _averages(att_gt.design, cohort, np.where(post | (summary == "dynamic"), label, np.nan), summary)
    inner = att_gt.estimator
    found = combine(att_gt, averages.matrix, averages.estimands, ((),) * len(averages.estimands),
                    lambda other: aggregate_with_estimated_shares(inner(other), summary))
    of_cluster = np.einsum("grm,mk->grk", averages.moved, att_gt.value)
    of_cluster[np.searchsorted(averages.cluster, own.cluster)] += np.einsum("rm,gmk->grk", averages.matrix,
                                                                            own.of_cluster)
    return replace(found, regression=None, contrasts=None, influence=Influence(averages.cluster, of_cluster))


@dataclass(frozen=True)
class _Averages:
    """r averages of m effects: their weights (r, m), and how each cluster moves the weights (G, r, m)."""

    estimands: tuple[Estimand, ...]
    matrix: Floats
    cluster: Integers
    moved: Floats


def _averages(design: Design, cohort: Floats, label: Floats, summary: Summary) -> _Averages:
    codes, code = np.unique(design.cluster, return_inverse=True)
    values = np.unique(label[~np.isnan(label)])
    members = (label == values[:, None]).astype(np.float64)
    made = [_plain(m, len(codes)) if summary == "group" else _by_share(_size(design, code, cohort), m) for m in members]
    matrix, moved = np.array([a for a, _ in made]), np.stack([b for _, b in made], axis=1)
    if summary == "simple":
        return _Averages((Estimand("overall"),), matrix, codes, moved)
    if summary == "group":
        weight, move = _by_share(_size(design, code, values), np.ones(len(values)))
    else:
        weight, move = _plain((values >= 0).astype(np.float64), len(codes))
    overall = move @ matrix + np.einsum("r,grm->gm", weight, moved)
    names = tuple(_named(summary, int(value)) for value in values)
    return _Averages((Estimand("overall"), *names), np.vstack([weight @ matrix, matrix]), codes,
                     np.concatenate([overall[:, None], moved], axis=1))


def _named(summary: Summary, value: int) -> Estimand:
    if summary == "group":
        return Estimand("cohort", cohort=value)
    return Estimand("event_time", event_time=value) if summary == "dynamic" else Estimand("calendar", period=value)


def _size(design: Design, code: Integers, cohort: Floats) -> Floats:
    """(G, J): weight of each cluster's units in each of J cohorts."""
    size = np.zeros((code.max() + 1, len(cohort)))
    np.add.at(size, code, design.weight[:, None] * (design.cohort[:, None] == cohort))
    return size


def _by_share(size: Floats, member: Floats) -> tuple[Floats, Floats]:
    """Weights (J,) of members by their size, and how each cluster moves them (G, J)."""
    total = member @ size.sum(axis=0)
    weight = member * size.sum(axis=0) / total
    return weight, (member * size - (size @ member)[:, None] * weight) / total


def _plain(member: Floats, n_clusters: int) -> tuple[Floats, Floats]:
    return member / member.sum(), np.zeros((n_clusters, len(member)))
