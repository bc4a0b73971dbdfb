use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use local::front::{ACCESS_KEY, REGION, SECRET_KEY};
use serde_json::{Value, json};

use crate::{App, Member};

/// The stack's tables and bucket, as any AWS client sees them.
impl App {
    /// The paths of all stored objects.
    pub async fn objects(&self) -> Vec<String> {
        let sized = self.object_sizes().await;
        sized.into_iter().map(|(path, _)| path).collect()
    }

    /// The paths of all stored objects, and their sizes in bytes.
    pub async fn object_sizes(&self) -> Vec<(String, u64)> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new(REGION))
            .credentials_provider(credentials())
            .endpoint_url(self.stack().aws_url())
            .build();
        let bucket = &self.stack().template().buckets[0].name;
        let answer = aws_sdk_s3::Client::from_conf(config)
            .list_objects_v2()
            .bucket(bucket)
            .send()
            .await
            .expect("the bucket can be listed");
        answer
            .contents()
            .iter()
            .filter_map(|object| {
                let size = u64::try_from(object.size()?).ok()?;
                Some((object.key()?.to_owned(), size))
            })
            .collect()
    }

    /// All rows of a table whose sort key begins with `prefix`, as plain JSON.
    pub async fn rows(&self, table: &str, prefix: &str) -> Vec<Value> {
        let mut pages = self
            .dynamodb()
            .scan()
            .table_name(table)
            .filter_expression("begins_with(sk, :prefix)")
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut rows = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.expect("the table can be scanned");
            rows.push(serde_dynamo::from_item(item).expect("it is a row"));
        }
        rows
    }

    /// The rows of a partition whose sort key begins with `prefix`, as plain JSON.
    pub async fn rows_in(&self, table: &str, partition: &str, prefix: &str) -> Vec<Value> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut pages = self
            .dynamodb()
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut rows = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.expect("the table can be queried");
            rows.push(serde_dynamo::from_item(item).expect("it is a row"));
        }
        rows
    }

    /// All rows of all tenants' audit logs.
    pub async fn audited(&self) -> Vec<Value> {
        let mut rows = self.rows(tables::DATA, "0").await;
        rows.retain(|row| row["pk"].as_str().is_some_and(|pk| pk.contains("#AUDIT#")));
        rows
    }

    /// Puts a row back into a table as it was read.
    pub async fn put(&self, table: &str, row: &Value) {
        let put = self.dynamodb().put_item().table_name(table);
        let item = serde_dynamo::to_item(row).expect("it was an item");
        let outcome = put.set_item(Some(item)).send().await;
        outcome.expect("it can be put");
    }

    /// Removes a row from a table.
    pub async fn remove(&self, table: &str, pk: &str, sk: &str) {
        let key = |text: &str| AttributeValue::S(text.to_owned());
        let delete = self.dynamodb().delete_item().table_name(table);
        let outcome = delete.key("pk", key(pk)).key("sk", key(sk)).send().await;
        outcome.expect("it can be removed");
    }

    /// Makes a user a member of another's tenant, as an invitation does that they have accepted: the rows, and
    /// the counts. Returns them in it.
    pub async fn enrol(&self, host: &Member, guest: &Member, role: &str) -> Member {
        self.enrol_in(&host.tenant_id, guest, role).await
    }

    /// The same in a tenant that is known by its id.
    pub async fn enrol_in(&self, tenant: &str, guest: &Member, role: &str) -> Member {
        let now = self.stack().clock().now();
        let membership = json!({
            "pk": format!("USER#{}", guest.user_id),
            "sk": format!("MEMBER#{tenant}"),
            "tenant_id": tenant,
            "role": role,
            "created_at": now,
        });
        let member = json!({
            "pk": format!("T#{tenant}#MEMBERS"),
            "sk": format!("MEMBER#{}", guest.user_id),
            "l1": format!("{role}#{}", guest.user_id),
            "user_id": guest.user_id,
            "email": guest.email,
            "name": guest.email.split('@').next(),
            "role": role,
            "created_at": now,
        });
        let pk = format!("T#{tenant}");
        let logs = self.rows_in(tables::DATA, &pk, "LOG").await;
        let mut log = logs.into_iter().next().expect("the tenant has a log");
        let mut count = |name: &str, by: i64| {
            let before = log[name].as_i64().expect("it is a count");
            log[name] = json!(before + by);
        };
        count("members", 1);
        count("admins", i64::from(role == "admin"));
        self.put(tables::IDENTITY, &membership).await;
        self.put(tables::DATA, &member).await;
        self.put(tables::DATA, &log).await;
        guest.acting_in(tenant)
    }

    /// Notes of a tenant that it is being deleted: it is there for nobody any more.
    pub async fn being_deleted(&self, tenant: &str) {
        let profiles = self.rows(tables::IDENTITY, "TENANT").await;
        let mut profiles = profiles.into_iter();
        let profile = profiles.find(|profile| profile["id"] == tenant);
        let mut profile = profile.expect("the tenant is there");
        profile["deleting_at"] = json!(self.stack().clock().now());
        self.put(tables::IDENTITY, &profile).await;
    }

    /// A client of the stack's tables.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let client = self.dynamodb.get_or_init(|| {
            let config = aws_sdk_dynamodb::Config::builder()
                .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
                .region(aws_sdk_dynamodb::config::Region::new(REGION))
                .credentials_provider(credentials())
                .endpoint_url(self.stack().aws_url())
                .build();
            aws_sdk_dynamodb::Client::from_conf(config)
        });
        client.clone()
    }
}

/// The tables' names in the embedded stack.
pub mod tables {
    /// Tenants' rows.
    pub const DATA: &str = "tenon-data";
    /// Users, sessions, memberships.
    pub const IDENTITY: &str = "tenon-identity";
    /// What expires.
    pub const EPHEMERAL: &str = "tenon-ephemeral";
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "tests")
}
