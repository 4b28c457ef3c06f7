//! The order of the list: transfers that go elsewhere in it, however many, in one pass over those that they pass.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::super::row::row;
use super::Roster;
use crate::api::Position;
use crate::model::TransferId;

impl Roster {
    /// Moves transfers in the order, in which they keep theirs among themselves, and gives the ranks that changed.
    pub(in crate::engine) fn relocate(&mut self, ids: &[TransferId], to: Position) -> Vec<(TransferId, i64)> {
        let mut placed: Vec<(usize, TransferId)> = ids.iter().filter_map(|id| Some((self.index(*id)?, *id))).collect();
        placed.sort_unstable();
        placed.dedup();
        if matches!(to, Position::Up | Position::Down) {
            return self.step(placed, to);
        }
        let ids: Vec<TransferId> = placed.into_iter().map(|(_, id)| id).collect();
        self.gather(&ids, to)
    }

    fn index(&self, id: TransferId) -> Option<usize> {
        self.entries.get(&id).map(|entry| entry.index())
    }

    /// Each changes places with the one above or below it.
    fn step(&mut self, placed: Vec<(usize, TransferId)>, to: Position) -> Vec<(TransferId, i64)> {
        let last = self.order.len().saturating_sub(1);
        let places = placed.into_iter().map(|(place, _)| (place, place)).collect();
        let mut touched = Vec::new();
        for place in to.in_turn(places, self.order.len()) {
            let other = if to == Position::Up { place.saturating_sub(1) } else { (place + 1).min(last) };
            if other != place {
                self.order.swap(place, other);
                touched.extend([place, other]);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let ranks = self.own_ranks(&touched);
        self.seat(&touched, ranks)
    }

    /// Brings transfers, each named once, to one place in this order. Beside one that is not there nobody goes.
    pub(in crate::engine) fn gather(&mut self, ids: &[TransferId], to: Position) -> Vec<(TransferId, i64)> {
        let beside = match to {
            Position::Before(other) | Position::After(other) => Some(other),
            _ => None,
        };
        let at = match to {
            Position::Before(other) => self.index(other),
            Position::After(other) => self.index(other).map(|index| index + 1),
            Position::Bottom => Some(self.order.len()),
            _ => Some(0),
        };
        let moved: Vec<(usize, TransferId)> = ids.iter().filter_map(|id| Some((self.index(*id)?, *id))).collect();
        let moved: Vec<(usize, TransferId)> = moved.into_iter().filter(|(_, id)| beside != Some(*id)).collect();
        let (Some(at), Some(first), Some(last)) =
            (at, moved.iter().map(|entry| entry.0).min(), moved.iter().map(|entry| entry.0).max())
        else {
            return Vec::new();
        };
        let span = first.min(at)..at.max(last + 1);
        let goes: HashSet<TransferId> = moved.iter().map(|entry| entry.1).collect();
        let stays = |range: Range<usize>| self.order[range].iter().copied().filter(|id| !goes.contains(id));
        let all = stays(span.start..at).chain(moved.iter().map(|entry| entry.1)).chain(stays(at..span.end));
        let all: Vec<TransferId> = all.collect();
        if self.order[span.clone()] == all[..] {
            return Vec::new();
        }
        let beyond = self.ranks_beyond(to, moved.len());
        self.order[span.clone()].copy_from_slice(&all);
        let places: Vec<usize> = span.collect();
        let Some(ranks) = beyond else {
            let ranks = self.own_ranks(&places);
            return self.seat(&places, ranks);
        };
        // The others have the ranks that they had.
        let ranks: Vec<i64> = match to {
            Position::Top => ranks.chain(all[moved.len()..].iter().map(|id| self.rank(*id))).collect(),
            _ => all[..all.len() - moved.len()].iter().map(|id| self.rank(*id)).chain(ranks).collect(),
        };
        self.seat(&places, ranks)
    }

    /// So many ranks that nobody has, at either end: of a long queue one record is written for each that goes there, and none
    /// for those that it passes.
    fn ranks_beyond(&self, to: Position, count: usize) -> Option<Range<i64>> {
        let count = i64::try_from(count).ok()?;
        match to {
            Position::Top => {
                let end = self.rank(*self.order.first()?);
                Some(end.checked_sub(count)?..end)
            }
            Position::Bottom => {
                let start = self.last_rank.checked_add(1)?;
                Some(start..start.checked_add(count)?)
            }
            _ => None,
        }
    }

    fn rank(&self, id: TransferId) -> i64 {
        self.entries.get(&id).map_or(0, |entry| entry.rank)
    }

    /// The ranks of those that stand at these places, the lowest first.
    fn own_ranks(&self, places: &[usize]) -> Vec<i64> {
        let mut ranks: Vec<i64> = places.iter().map(|place| self.rank(self.order[*place])).collect();
        ranks.sort_unstable();
        ranks
    }

    /// Gives those at these places their rows and ranks there, after they have changed places with each other. The rows
    /// themselves stay, so that faces see which ones did not change.
    fn seat(&mut self, places: &[usize], ranks: Vec<i64>) -> Vec<(TransferId, i64)> {
        let row = |id: &TransferId| {
            let entry = self.entries.get(id)?;
            Some(self.rows.get(entry.index()).cloned().unwrap_or_else(|| Arc::new(row(entry, &self.categories))))
        };
        let rows: Vec<_> = places.iter().map(|place| row(&self.order[*place])).collect();
        let mut changed = Vec::new();
        for ((place, rank), row) in places.iter().zip(ranks).zip(rows) {
            let id = self.order[*place];
            let (Some(entry), Some(row)) = (self.entries.get_mut(&id), row) else { continue };
            entry.stand_at(*place);
            self.rows.set(*place, row);
            if entry.rank != rank {
                entry.rank = rank;
                changed.push((id, rank));
            }
            self.last_rank = self.last_rank.max(rank);
        }
        changed
    }
}
