//! A tenant's members, page by page.

use aws_sdk_dynamodb::types::AttributeValue;

use super::super::dynamo::{Item, from_item, text};
use super::Db;
use crate::error::{Error, Result};
use crate::keys::{Key, Stored};
use crate::model::account::Role;
use crate::model::id::UserId;
use crate::model::tenant::Member;
use crate::page::{Cursor, Limit, Page};
use crate::tenant::Tenant;

/// What a cursor of this list is bound to.
const LIST: &str = "members";

impl Db {
    /// A tenant's members, in the order of their ids, which is that in which they signed up: all, or those of
    /// one role. One read, or two by role.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn members(
        &self,
        tenant: &Tenant,
        role: Option<Role>,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Member>> {
        let after: Option<UserId> = cursor.map(|cursor| cursor.place(LIST, &role)).transpose()?;
        let mut found = self.found_members(tenant, role, after, limit).await?;
        let next = match limit.cut(&mut found) {
            Some(last) => Some(Cursor::new(LIST, &role, &member_id(last)?)?),
            None => None,
        };
        let members = match role {
            None => found
                .into_iter()
                .map(from_item)
                .collect::<Result<Vec<Member>>>()?,
            // The index has keys alone.
            Some(_) if found.is_empty() => Vec::new(),
            Some(_) => {
                let keys = found.iter().map(|item| Ok(tenant.member(member_id(item)?)));
                let members = self.get_all(keys.collect::<Result<_>>()?).await?;
                members.into_iter().map(Stored::into_inner).collect()
            }
        };
        Ok(Page::of(members, next))
    }

    /// One of them; one read.
    ///
    /// # Errors
    /// 404 if there is no such member.
    pub async fn member(&self, tenant: &Tenant, user_id: UserId) -> Result<Member> {
        let member = self.load(tenant.member(user_id)).await?;
        Ok(member.into_inner())
    }

    /// The items of the rows or, by role, of the index; one more than the limit if there are more.
    async fn found_members(
        &self,
        tenant: &Tenant,
        role: Option<Role>,
        after: Option<UserId>,
        limit: Limit,
    ) -> Result<Vec<Item>> {
        let members = tenant.members();
        let (index, attribute, prefix) = match role {
            None => (None, "sk", members.prefix().to_owned()),
            Some(role) => (Some("lsi1"), "l1", format!("{role}#")),
        };
        let start =
            after.map(|id| start(&tenant.member(id), role.map(|_| format!("{prefix}{id}"))));
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(members.table())?)
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND begins_with(#by, :prefix)")
            .expression_attribute_names("#by", attribute)
            .expression_attribute_values(":pk", AttributeValue::S(members.pk().to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix))
            .set_exclusive_start_key(start)
            .consistent_read(true)
            .limit(i32::try_from(limit.get() + 1).unwrap_or(i32::MAX))
            .send()
            .await?;
        Ok(answer.items.unwrap_or_default())
    }
}

/// Where a member stands in the list, whether they are still there or not.
fn start(member: &Key<Member>, by_role: Option<String>) -> Item {
    let mut start = member.item();
    start.extend(by_role.map(|place| ("l1".to_owned(), AttributeValue::S(place))));
    start
}

fn member_id(item: &Item) -> Result<UserId> {
    text(item, "sk")
        .strip_prefix("MEMBER#")
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Error::internal("a member's key has no user's id"))
}
