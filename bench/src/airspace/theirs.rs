//! What somebody would build from crates: an R*-tree over longitude, latitude and time, a filter for altitudes,
//! exact polygons.

use geo::{Coord, Intersects, LineString, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::traffic::{Plan, Traffic};

type Boxed = GeomWithData<Rectangle<[f64; 3]>, usize>;

/// The tree, and what its boxes belong to.
pub(crate) struct Theirs {
    tree: RTree<Boxed>,
    volumes: Vec<(i32, i32, Polygon<f64>)>,
}

fn sides(plan: &Plan) -> ([f64; 3], [f64; 3]) {
    let ends = |axis: fn(&(i32, i32)) -> i32| {
        let each = plan.corners.iter().map(axis);
        (each.clone().min().unwrap_or(0).into(), each.max().unwrap_or(0).into())
    };
    let ((south, north), (west, east)) = (ends(|corner| corner.0), ends(|corner| corner.1));
    ([west, south, plan.from.into()], [east, north, plan.until.map_or(f64::MAX, f64::from)])
}

fn polygon(plan: &Plan) -> Polygon<f64> {
    let ring: LineString<f64> =
        plan.corners.iter().map(|&(lat, lon)| Coord { x: lon.into(), y: lat.into() }).collect();
    Polygon::new(ring, Vec::new())
}

impl Theirs {
    /// Loads the tree in one go, which makes it as good as it gets.
    pub(crate) fn build(traffic: &Traffic) -> Self {
        let boxed = traffic.volumes.iter().enumerate().map(|(number, plan)| {
            let (low, high) = sides(plan);
            Boxed::new(Rectangle::from_corners(low, high), number)
        });
        let volumes = traffic.volumes.iter().map(|plan| (plan.lower, plan.upper, polygon(plan)));
        Self { tree: RTree::bulk_load(boxed.collect()), volumes: volumes.collect() }
    }

    pub(crate) fn hits(&self, asked: &Plan) -> u64 {
        let (low, high) = sides(asked);
        let shape = polygon(asked);
        let near = self.tree.locate_in_envelope_intersecting(AABB::from_corners(low, high));
        let hit = near.filter_map(|boxed| self.volumes.get(boxed.data)).filter(|(lower, upper, polygon)| {
            *lower <= asked.upper && asked.lower <= *upper && polygon.intersects(&shape)
        });
        hit.count() as u64
    }
}
