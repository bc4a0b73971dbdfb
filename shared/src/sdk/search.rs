//! The nearest by meaning: DynamoDB's vector index, confined to a tenant and a project.

use aws_sdk_dynamodb::types::AttributeValue;

use super::dynamo::{Dynamo, number, text};
use crate::error::Result;
use crate::keys::{Stored, Table};
use crate::model::id::TaskId;
use crate::model::project::Project;

/// The vector index of the table `Data`.
#[derive(Clone, Debug)]
pub struct Search {
    dynamo: Dynamo,
}

/// A task that is near to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Which.
    pub task_id: TaskId,
    /// How near: 1 is identical, 0 has nothing in common.
    pub score: f64,
}

impl Search {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// The tasks of a project that are nearest to `embedding`, nearest first, at most `top` (≤ 100). The
    /// index lags behind the rows: what it names may be gone, and has to be read again.
    pub async fn nearest(
        &self,
        project: &Stored<Project>,
        embedding: &[f32],
        top: i32,
    ) -> Result<Vec<Near>> {
        let (tenant, project) = project.search_scope();
        let answer = self
            .dynamo
            .client()
            .search_vectors()
            .table_name(self.dynamo.table(Table::Data)?)
            .index_name("vectors")
            .set_search_vector(Some(embedding.iter().map(number).collect()))
            .search_condition_expression("vector_tenant = :tenant AND vector_project = :project")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant))
            .expression_attribute_values(":project", AttributeValue::S(project))
            .top_k(top)
            .send()
            .await?;
        let near = answer
            .search_results
            .unwrap_or_default()
            .into_iter()
            .filter_map(|result| {
                let item = result.item.unwrap_or_default();
                let task_id = text(&item, "sk").strip_prefix("VECTOR#")?.parse().ok()?;
                Some(Near {
                    task_id,
                    score: similarity(result.score),
                })
            })
            .collect();
        Ok(near)
    }
}

/// The index tells the cosine distance, of which less is better. What is no distance is none in common.
fn similarity(distance: f64) -> f64 {
    if distance.is_nan() {
        0.0
    } else {
        (1.0 - distance).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_similarity_is_between_nothing_and_one_and_falls_with_the_distance(
            nearer in any::<f64>(),
            further in any::<f64>(),
        ) {
            let similarities = (similarity(nearer), similarity(further));
            prop_assert!((0.0..=1.0).contains(&similarities.0));
            prop_assert!(nearer.is_nan() || further.is_nan() || nearer > further || similarities.0 >= similarities.1);
        }
    }
}
