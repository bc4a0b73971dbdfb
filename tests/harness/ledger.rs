use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{App, tables};

/// How long before it is due a task is noted, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What is stored of all projects: rows, logs, lists, files, and notes of what is still to be done.
pub struct Ledger {
    projects: Vec<Value>,
    listings: Vec<Value>,
    /// Projects in their tenants' lists.
    listed: Vec<Value>,
    /// The tasks' rows.
    pub tasks: Vec<Value>,
    /// Those that are deleted and can be restored.
    pub deleted: Vec<Value>,
    /// Where tasks are found by their ids.
    places: Vec<Value>,
    /// Tasks in the lists of whoever is to do them.
    assigned: Vec<Value>,
    /// Tasks in the lists of those beneath another.
    beneath: Vec<Value>,
    /// Comments on tasks, deleted ones' included.
    comments: Vec<Value>,
    events: Vec<Value>,
    /// How many changes wait to be relayed.
    pub change_notes: usize,
    upload_notes: BTreeSet<String>,
    /// The notes of what is due soon, by their keys.
    due_notes: BTreeSet<String>,
    /// When it was read.
    now: i64,
    /// The files, with their sizes.
    objects: BTreeMap<String, u64>,
    /// How far tenants' own logs have come, and what they count.
    tenant_logs: Vec<Value>,
    memberships: Vec<Value>,
    members: Vec<Value>,
    profiles: Vec<Value>,
    /// What tenants use.
    usage: Vec<Value>,
    /// What has become of emails.
    mail: Vec<Value>,
}

impl App {
    /// Reads the ledger, one part after the other: call it when nothing is under way.
    pub async fn ledger(&self) -> Ledger {
        let (projects, listings) = self
            .rows(tables::DATA, "PROJECT")
            .await
            .into_iter()
            .partition::<Vec<_>, _>(|row| row["sk"] == "PROJECT");
        let (listed, listings) = listings
            .into_iter()
            .partition(|row| text(row, "pk").ends_with("#PROJECTS"));
        let uploads = self.rows(tables::EPHEMERAL, "tenants/").await;
        let notes = self.rows(tables::EPHEMERAL, "0").await;
        let of_kind = |kind: &str| {
            let notes = notes
                .iter()
                .filter(|note| text(note, "pk").starts_with(kind));
            notes.map(|note| text(note, "sk")).collect::<Vec<_>>()
        };
        Ledger {
            projects,
            listings,
            listed,
            tasks: self.rows(tables::DATA, "TASK#").await,
            deleted: self.rows(tables::DATA, "DELETED#").await,
            places: self.rows(tables::DATA, "PLACE#").await,
            assigned: self.rows(tables::DATA, "ASSIGNED#").await,
            beneath: self.rows(tables::DATA, "BENEATH#").await,
            comments: self.rows(tables::DATA, "COMMENT#").await,
            events: self.rows(tables::DATA, "EVENT#").await,
            change_notes: of_kind("CHANGES#").len(),
            due_notes: of_kind("DUE#").into_iter().collect(),
            now: self.stack().clock().now(),
            upload_notes: uploads.iter().map(|note| text(note, "path")).collect(),
            objects: self.files_of_tasks().await,
            tenant_logs: {
                let logs = self.rows(tables::DATA, "LOG").await;
                let of_tenant = |log: &Value| text(log, "pk").matches('#').count() == 1;
                logs.into_iter().filter(of_tenant).collect()
            },
            memberships: self.rows(tables::IDENTITY, "MEMBER#").await,
            members: self.rows(tables::DATA, "MEMBER#").await,
            profiles: self.rows(tables::IDENTITY, "TENANT").await,
            usage: {
                let mut usage = self.rows(tables::DATA, "NOW").await;
                usage.extend(self.rows(tables::DATA, "MONTH#").await);
                usage
            },
            mail: self.rows(tables::EPHEMERAL, "MAIL").await,
        }
    }

    /// What is stored but for archives, which are copies.
    async fn files_of_tasks(&self) -> BTreeMap<String, u64> {
        let mut objects = self.object_sizes().await;
        objects.retain(|(path, _)| !path.contains("/exports/"));
        objects.into_iter().collect()
    }
}

impl Ledger {
    /// That rows, counters, logs, lists and files tell one story. This holds at any time, whatever has
    /// failed or died.
    #[track_caller]
    pub fn assert_consistent(&self) {
        for project in &self.projects {
            self.assert_project(project);
        }
        let counted: u64 = self
            .projects
            .iter()
            .map(|row| number(row, "task_count"))
            .sum();
        assert_eq!(self.tasks.len() as u64, counted, "a task is in no project");
        self.assert_comments();
        self.assert_places();
        self.assert_assigned();
        self.assert_beneath();
        self.assert_due();
        self.assert_files();
        assert_eq!(self.profiles.len(), self.tenant_logs.len());
        for log in &self.tenant_logs {
            self.assert_tenant(log);
        }
        assert_eq!(self.memberships.len(), self.members.len());
    }

    /// That each task knows how many comments there are on it.
    fn assert_comments(&self) {
        for task in &self.tasks {
            let on_it = |comment: &&Value| comment["task_id"] == task["id"];
            let comments = self.comments.iter().filter(on_it).count();
            assert_eq!(number(task, "comment_count"), comments as u64, "on {task}");
        }
    }

    /// That each task that names a parent is in the list of those beneath it, and no other is in any.
    fn assert_beneath(&self) {
        let pair = |row: &Value, id: &str| (text(row, "parent_id"), text(row, id));
        let named = self
            .tasks
            .iter()
            .filter(|task| task["parent_id"].is_string());
        let named: BTreeSet<_> = named.map(|task| pair(task, "id")).collect();
        let listed = self.beneath.iter().map(|row| pair(row, "task_id"));
        assert_eq!(listed.collect::<BTreeSet<_>>(), named);
    }

    /// That nothing waits any more to be relayed, nor to be swept.
    #[track_caller]
    pub fn assert_nothing_left_to_do(&self) {
        assert_eq!(self.change_notes, 0, "changes wait to be relayed");
        // Those of deleted tasks wait until these can't be restored any more.
        let waiting: BTreeSet<_> = self.files_of_deleted().collect();
        let left: Vec<_> = self.upload_notes.difference(&waiting).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// That what is counted of each tenant is what its rows, its files and its log say, and its emails those that
    /// are known to have been sent: once all has been done that follows from its changes.
    #[track_caller]
    pub fn assert_usage(&self) {
        for log in &self.tenant_logs {
            let pk = text(log, "pk");
            let counted = Levels::counted(&self.usage_of(&pk));
            assert_eq!(counted, self.stored_by(&pk), "what {pk} has");
            assert_eq!(counted, self.logged_by(&pk), "what the log of {pk} says");
            let sent = self.mail.iter().filter(|mail| mail["sent"] == 1);
            let sent = sent.filter(|mail| is_of(mail, &pk)).count() as u64;
            let emails = self.usage_of(&pk);
            let emails = emails.iter().filter_map(|row| row["emails"].as_u64());
            assert_eq!(emails.sum::<u64>(), sent, "the emails of {pk}");
        }
    }

    /// How many calls have been counted in a tenant, and how many searches among them.
    pub fn calls_in(&self, tenant: &str) -> (u64, u64) {
        let rows = self.usage_of(&format!("T#{tenant}"));
        let sum = |name: &str| rows.iter().filter_map(|row| row[name].as_u64()).sum();
        (sum("calls"), sum("searches"))
    }

    /// The `seq` of a project.
    #[track_caller]
    pub fn seq(&self, project_id: &str) -> u64 {
        let row = self.projects.iter().find(|row| row["id"] == project_id);
        number(row.expect("the project is stored"), "seq")
    }

    /// The tasks of a project.
    pub fn tasks_of(&self, project_id: &str) -> impl Iterator<Item = &Value> {
        self.tasks
            .iter()
            .filter(move |task| task["project_id"] == project_id)
    }

    /// How many tasks have this title.
    pub fn titled(&self, title: &str) -> usize {
        self.tasks
            .iter()
            .filter(|task| task["title"] == title)
            .count()
    }

    /// How many files are stored.
    pub fn files(&self) -> usize {
        self.objects.len()
    }

    fn usage_of(&self, pk: &str) -> Vec<&Value> {
        let partition = format!("{pk}#USAGE");
        let rows = self.usage.iter();
        rows.filter(|row| row["pk"] == partition).collect()
    }

    /// What the rows and the files of a tenant come to.
    fn stored_by(&self, pk: &str) -> Levels {
        // What is in a deleted project is not there, though it may come back.
        let is_there = |project: &&Value| is_of(project, pk) && project["deleted_at"].is_null();
        let projects: Vec<_> = self.projects.iter().filter(is_there).collect();
        let is_in_one = |task: &&Value| {
            let mut projects = projects.iter();
            projects.any(|project| project["id"] == task["project_id"])
        };
        let tasks: Vec<_> = self.tasks.iter().filter(is_in_one).collect();
        let counted = |project: &&Value| number(project, "task_count");
        assert_eq!(
            projects.iter().map(counted).sum::<u64>(),
            tasks.len() as u64
        );
        let files = tasks.iter().filter_map(|task| task["attachment"].as_str());
        let sizes = tasks
            .iter()
            .filter_map(|task| task["attachment_bytes"].as_u64());
        let bytes = files.map(|path| self.objects[path]).sum();
        assert_eq!(sizes.sum::<u64>(), bytes, "the sizes of the files of {pk}");
        Levels {
            projects: count(projects.len() as u64),
            tasks: count(tasks.len() as u64),
            bytes: count(bytes),
        }
    }

    /// What the events of a tenant's logs come to.
    fn logged_by(&self, pk: &str) -> Levels {
        let events = self.events.iter().filter(|event| is_of(event, pk));
        let counts: Vec<_> = events.map(|event| &event["counts"]).collect();
        Levels::counted(&counts)
    }

    fn assert_project(&self, project: &Value) {
        let id = text(project, "id");
        let room = format!("project/{id}");
        let mut log: Vec<_> = self
            .events
            .iter()
            .filter(|event| event["room"] == room)
            .collect();
        log.sort_by_key(|event| number(event, "seq"));

        let seqs: Vec<_> = log.iter().map(|event| number(event, "seq")).collect();
        let expected: Vec<_> = (1..=number(project, "seq")).collect();
        assert_eq!(seqs, expected, "the log of {id} has each number once");
        assert!(
            log.is_sorted_by_key(|event| number(event, "at")),
            "its times run forward"
        );

        let told: Vec<_> = log
            .iter()
            .filter(|event| event["type"] == "task:created")
            .map(|event| {
                let data: Value = serde_json::from_str(&text(event, "data")).expect("it is JSON");
                text(&data, "id")
            })
            .collect();
        let stored: BTreeSet<_> = self.tasks_of(&id).map(|task| text(task, "id")).collect();
        let deleted = self.deleted.iter().map(|row| &row["task"]);
        let deleted = deleted.filter(|task| task["project_id"] == *id);
        let deleted: BTreeSet<_> = deleted.map(|task| text(task, "id")).collect();
        assert!(stored.is_disjoint(&deleted), "a task is there and deleted");
        let about = |kind: &str| -> BTreeSet<String> {
            let events = log.iter().filter(|event| event["type"] == kind);
            let objects =
                events.filter_map(|event| event["object"].as_str()?.strip_prefix("task/"));
            objects.map(str::to_owned).collect()
        };
        let forgotten = about("task:deleted");
        let known: BTreeSet<_> = stored.union(&deleted).cloned().collect();
        assert!(
            deleted.is_subset(&forgotten),
            "what is deleted has been told"
        );
        let count = told.len();
        let told: BTreeSet<_> = told.into_iter().collect();
        assert_eq!(count, told.len(), "each task of {id} has one event");
        let came = told.union(&about("task:joined")).cloned().collect();
        assert!(known.is_subset(&came), "each task of {id} has an event");
        // What is no longer there was moved, or was deleted and can't be restored any more.
        let went: BTreeSet<_> = forgotten.union(&about("task:left")).cloned().collect();
        assert!(came.difference(&known).all(|id| went.contains(id)));
        assert_eq!(
            number(project, "task_count"),
            stored.len() as u64,
            "the count of {id}"
        );
        for status in ["todo", "in_progress", "done"] {
            let of_status = self.tasks_of(&id).filter(|task| task["status"] == status);
            assert_eq!(
                number(project, &format!("{status}_count")),
                of_status.count() as u64,
                "the count of {id} of {status}"
            );
        }
        let mut own: BTreeMap<String, u64> = BTreeMap::new();
        for status in self.tasks_of(&id).map(|task| text(task, "status")) {
            if !["todo", "in_progress", "done"].contains(&&*status) {
                *own.entry(status).or_default() += 1;
            }
        }
        let counted = &project["own_counts"];
        assert!(!own.is_empty() || counted.is_null(), "none are counted");
        for (status, count) in &own {
            assert_eq!(&counted[status], count, "the count of {id} of {status}");
        }
        assert_eq!(
            counted.as_object().map_or(0, serde_json::Map::len),
            own.len()
        );

        let bytes = self.tasks_of(&id);
        let bytes = bytes.filter_map(|task| task["attachment_bytes"].as_u64());
        assert_eq!(number(project, "file_bytes"), bytes.sum::<u64>());

        let listed = self.listed.iter().find(|row| row["project_id"] == *id);
        let listed = listed.expect("the project is in its tenant's list");
        assert_eq!(project["user_id"], listed["user_id"]);
        assert_eq!(project["created_at"], listed["created_at"]);
        let last = log.last().expect("it was founded");
        assert_eq!(project["updated_at"], last["at"]);
        let listing = self.listings.iter().find(|row| row["project_id"] == *id);
        if project["deleted_at"].is_null() && project["archived_at"].is_null() {
            let listing = listing.expect("the project is in its creator's list");
            assert_eq!(
                project["updated_at"], listing["updated_at"],
                "its place in the list"
            );
        } else {
            assert!(listing.is_none(), "{id} is in its creator's list");
        }
    }

    /// A tenant's log, its list of members, their memberships and the counts of them tell one story.
    fn assert_tenant(&self, log: &Value) {
        let pk = text(log, "pk");
        let id = pk.strip_prefix("T#").expect("it is a tenant's");
        let profile = self.profiles.iter().find(|profile| profile["id"] == id);
        if profile.expect("it has one")["deleting_at"].is_number() {
            return;
        }

        let of_log = |event: &&Value| event["room"] == "tenant" && event["tenant_id"] == id;
        let mut seqs: Vec<_> = self.events.iter().filter(of_log).collect();
        seqs.sort_by_key(|event| number(event, "seq"));
        let seqs: Vec<_> = seqs.iter().map(|event| number(event, "seq")).collect();
        let expected: Vec<_> = (1..=number(log, "seq")).collect();
        assert_eq!(
            seqs, expected,
            "the log of tenant {id} has each number once"
        );

        let roles = |rows: &[Value], whose: &dyn Fn(&Value) -> Option<String>| {
            let of_it = rows
                .iter()
                .filter_map(|row| Some((whose(row)?, text(row, "role"))));
            of_it.collect::<BTreeSet<_>>()
        };
        let joined = roles(&self.memberships, &|row| {
            (row["tenant_id"] == id).then(|| text(row, "pk").replace("USER#", ""))
        });
        let list = format!("{pk}#MEMBERS");
        let listed = roles(&self.members, &|row| {
            (row["pk"] == list).then(|| text(row, "user_id"))
        });
        assert_eq!(joined, listed, "the members of tenant {id}");
        let admins = listed.iter().filter(|(_, role)| role == "admin").count() as u64;
        assert_eq!(number(log, "members"), listed.len() as u64);
        assert_eq!(number(log, "admins"), admins);
        assert!(admins > 0, "tenant {id} has no admin");
        for member in self.members.iter().filter(|row| row["pk"] == list) {
            let place = format!("{}#{}", text(member, "role"), text(member, "user_id"));
            assert_eq!(member["l1"], place);
        }
    }

    /// Each task is found by its id, stands where it says, and is done since it is. A deleted one goes with its place.
    fn assert_places(&self) {
        let place_of = |task: &Value| {
            let mut places = self.places.iter();
            let place = places.find(|place| place["task_id"] == task["id"]);
            let place = place.unwrap_or_else(|| panic!("{} is not found", task["id"]));
            assert_eq!(place["project_id"], task["project_id"]);
            let tenant = text(place, "pk");
            let (tenant, _) = tenant.split_once("#TASKS#").expect("it is one");
            (tenant.to_owned(), place["ttl"].clone())
        };
        for task in &self.tasks {
            let (tenant, ttl) = place_of(task);
            assert!(is_of(task, &tenant) && ttl.is_null(), "{task}");
            let (status, id) = (text(task, "status"), text(task, "id"));
            let place = format!("{status}#{}#{id}", text(task, "position"));
            assert_eq!(task["l1"], place);
            assert_eq!(task["completed_at"].is_null(), status != "done", "{task}");
        }
        for row in &self.deleted {
            let (tenant, ttl) = place_of(&row["task"]);
            assert!(is_of(row, &tenant) && ttl == row["ttl"], "{row}");
            assert!((1..=5).all(|index| row[format!("l{index}")].is_null()));
        }
        assert_eq!(self.places.len(), self.tasks.len() + self.deleted.len());
        let columns = self.tasks.iter().map(|task| {
            let place = format!(
                "{} {} {}",
                task["project_id"], task["status"], task["position"]
            );
            (place, text(task, "id"))
        });
        let columns: BTreeMap<_, _> = columns.collect();
        assert_eq!(columns.len(), self.tasks.len(), "two stand in one place");
    }

    /// Each task that somebody is to do stands in their list, by when it is due, and nothing else does.
    fn assert_assigned(&self) {
        let given = self.tasks.iter().filter_map(|task| {
            let user = task["assigned_to"].as_str()?;
            let due = task["due_date"].as_i64();
            let due = due.map_or_else(|| "~".to_owned(), |due| format!("{due:015}"));
            let pk = text(task, "pk");
            let (tenant, project) = pk.split_once("#P#").expect("it is in a project");
            let (id, list) = (text(task, "id"), format!("{tenant}#U#{user}"));
            let (sk, place) = (
                format!("ASSIGNED#{id}#{project}"),
                format!("ASSIGNED#{due}#{id}#{project}"),
            );
            Some((list, sk, place))
        });
        let listed = self.assigned.iter();
        let listed = listed.map(|row| (text(row, "pk"), text(row, "sk"), text(row, "l2")));
        let given: BTreeSet<_> = given.collect();
        assert_eq!(listed.collect::<BTreeSet<_>>(), given, "who is to do what");
    }

    /// Each task that somebody is to do by a time, and that is not done, is noted for a day before, until that has come;
    /// and nothing else is.
    fn assert_due(&self) {
        let open = self.tasks.iter().filter_map(|task| {
            let is_open = task["assigned_to"].is_string() && task["completed_at"].is_null();
            let due = task["due_date"].as_i64().filter(|_| is_open)?;
            let pk = text(task, "pk").replacen("T#", "", 1);
            let (tenant, project) = pk.split_once("#P#").expect("it is in a project");
            let from = (due - DAY).max(0);
            Some(format!(
                "{from:015}#{tenant}#{project}#{}",
                text(task, "id")
            ))
        });
        let now = format!("{:015}", self.now);
        let ahead = |note: &String| *note > now;
        let expected: BTreeSet<_> = open.filter(ahead).collect();
        let noted: BTreeSet<_> = self.due_notes.iter().filter(|note| ahead(note)).collect();
        assert_eq!(noted, expected.iter().collect(), "what is due soon");
    }

    fn files_of_deleted(&self) -> impl Iterator<Item = String> {
        let tasks = self.deleted.iter().map(|row| &row["task"]);
        tasks.filter_map(|task| task["attachment"].as_str().map(str::to_owned))
    }

    fn assert_files(&self) {
        let attached: BTreeSet<_> = self
            .tasks
            .iter()
            .filter_map(|task| task["attachment"].as_str().map(str::to_owned))
            .collect();
        let kept: Vec<_> = self
            .objects
            .keys()
            .filter(|path| !self.upload_notes.contains(*path))
            .cloned()
            .collect();
        assert_eq!(
            kept,
            attached.iter().cloned().collect::<Vec<_>>(),
            "files belong to tasks"
        );
        assert!(
            self.upload_notes.is_disjoint(&attached),
            "a task's file would be swept"
        );
    }
}

/// What a tenant has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Levels {
    projects: i64,
    tasks: i64,
    bytes: i64,
}

impl Levels {
    /// What rows or counts come to, in which what is zero may be missing.
    fn counted(rows: &[&Value]) -> Self {
        let sum = |name: &str| rows.iter().filter_map(|row| row[name].as_i64()).sum();
        Self {
            projects: sum("projects"),
            tasks: sum("tasks"),
            bytes: sum("bytes"),
        }
    }
}

fn count(of: u64) -> i64 {
    i64::try_from(of).expect("it is no more than that")
}

/// Whether a row stands below a tenant's partition key.
fn is_of(row: &Value, tenant: &str) -> bool {
    text(row, "pk").starts_with(&format!("{tenant}#"))
}

#[track_caller]
fn text(row: &Value, name: &str) -> String {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {row}"))
        .to_owned()
}

#[track_caller]
fn number(row: &Value, name: &str) -> u64 {
    row[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} of {row}"))
}
