//! The grants that endpoints name: one constant per thing the SDK does.

/// A set of actions on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// What is acted on.
    pub resource: Resource,
    /// IAM action names; none where all that is needed is configuration.
    pub actions: &'static [&'static str],
}

/// What a function can be granted access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The table of tenants' rows.
    Data,
    /// Its stream, as the function's trigger reads it.
    DataStream,
    /// Its first local index, `lsi1`.
    Lsi1,
    /// Its second local index, `lsi2`.
    Lsi2,
    /// Its third local index, `lsi3`.
    Lsi3,
    /// Its fourth local index, `lsi4`.
    Lsi4,
    /// Its fifth local index, `lsi5`.
    Lsi5,
    /// The audit log in the table of tenants' rows.
    AuditLog,
    /// What a tenant uses, in the same table.
    Usage,
    /// How far exports have come, in the table of tenants' rows.
    Exports,
    /// The vector index of the table of tenants' rows.
    Vectors,
    /// The table of users, sessions and memberships.
    Identity,
    /// The same table, in a transaction that changes a tenant's rows as well.
    IdentityWithData,
    /// When API keys were last used, in the same table.
    KeyUses,
    /// A tenant's rows of the table of what expires.
    Ephemeral,
    /// What persons were answered who need be in no tenant, in the same table.
    PersonalAnswers,
    /// The same, in a transaction that changes a tenant's rows as well.
    PersonalAnswersWithData,
    /// How often somebody may try, in the same table.
    Attempts,
    /// How often somebody has called, in the same table.
    Calls,
    /// Tickets, in the same table.
    Tickets,
    /// Connections, in the same table.
    ConnectionRows,
    /// Users' connections, in the same table.
    UserConnections,
    /// Notes of changes that are to be relayed, in the same table.
    ChangeNotes,
    /// Notes of files that are on their way, in the same table.
    UploadNotes,
    /// Notes of deleted projects, in the same table.
    PurgeNotes,
    /// Notes of tasks of which somebody is to be told when they are due soon, in the same table.
    DueNotes,
    /// The bucket of attachments.
    Attachments,
    /// The list of what is in it.
    AttachmentList,
    /// A part of that list in which nothing ever is.
    EmptyList,
    /// Exports' archives, in the same bucket.
    Archives,
    /// The queue of emails to send.
    EmailQueue,
    /// Where emails go that can't be sent.
    EmailDeadLetters,
    /// The queue of texts to embed.
    EmbeddingsQueue,
    /// The queue of entries for the audit log.
    AuditQueue,
    /// The queue of tenants to erase.
    ErasuresQueue,
    /// The queue of tenants to export.
    ExportsQueue,
    /// The FIFO queue of realtime events.
    RealtimeQueue,
    /// Where the trigger notes records of the stream that could not be relayed.
    RelayDeadLetters,
    /// The WebSocket API's connections.
    Connections,
    /// The web pages that may open one.
    Origins,
    /// The embedding model.
    Model,
    /// The web pages that emailed links lead to.
    AppUrl,
    /// The private key that signs tokens.
    SigningKey,
    /// The key that secrets are derived with.
    DerivationKey,
    /// The public keys that verify tokens.
    PublicKeys,
    /// The mail service, and the key to its API.
    MailKey,
}

impl Resource {
    /// Whether it is reached with the credentials of the request's tenant, and not with the function's own.
    pub const fn is_a_tenants(self) -> bool {
        matches!(
            self,
            Self::Data
                | Self::Lsi1
                | Self::Lsi2
                | Self::Lsi3
                | Self::Lsi4
                | Self::Lsi5
                | Self::AuditLog
                | Self::Usage
                | Self::Exports
                | Self::Vectors
                | Self::IdentityWithData
                | Self::Ephemeral
                | Self::PersonalAnswersWithData
                | Self::ChangeNotes
                | Self::UploadNotes
                | Self::PurgeNotes
                | Self::DueNotes
                | Self::Attachments
                | Self::AttachmentList
                | Self::Archives
        )
    }

    /// The environment variables without which it can't be reached.
    pub const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Data
            | Self::Lsi1
            | Self::Lsi2
            | Self::Lsi3
            | Self::Lsi4
            | Self::Lsi5
            | Self::AuditLog
            | Self::Usage
            | Self::Exports
            | Self::Vectors => &["DATA_TABLE"],
            Self::Identity | Self::IdentityWithData | Self::KeyUses => &["IDENTITY_TABLE"],
            Self::Ephemeral
            | Self::PersonalAnswers
            | Self::PersonalAnswersWithData
            | Self::Attempts
            | Self::Tickets
            | Self::ConnectionRows
            | Self::UserConnections
            | Self::ChangeNotes
            | Self::UploadNotes
            | Self::PurgeNotes
            | Self::DueNotes => &["EPHEMERAL_TABLE"],
            Self::Calls => &["EPHEMERAL_TABLE", "RATE_LIMIT"],
            Self::Attachments | Self::AttachmentList | Self::EmptyList | Self::Archives => {
                &["BUCKET"]
            }
            Self::EmailQueue => &["EMAIL_QUEUE_URL"],
            Self::EmailDeadLetters => &["EMAIL_DLQ_URL"],
            Self::EmbeddingsQueue => &["EMBEDDINGS_QUEUE_URL"],
            Self::RealtimeQueue => &["REALTIME_QUEUE_URL"],
            Self::AuditQueue => &["AUDIT_QUEUE_URL"],
            Self::ErasuresQueue => &["ERASURES_QUEUE_URL"],
            Self::ExportsQueue => &["EXPORTS_QUEUE_URL"],
            Self::Connections => &["SOCKET_ENDPOINT"],
            Self::Origins => &["ALLOWED_ORIGINS"],
            Self::AppUrl => &["APP_URL"],
            Self::Model => &["EMBEDDING_MODEL"],
            Self::SigningKey => &["SIGNING_KEY_PARAMETER", "TOKEN_ISSUER", "TOKEN_AUDIENCE"],
            Self::DerivationKey => &["DERIVATION_KEY_PARAMETER"],
            Self::PublicKeys => &["SIGNING_PUBLIC_KEYS", "TOKEN_ISSUER", "TOKEN_AUDIENCE"],
            Self::MailKey => &["MAIL_KEY_PARAMETER", "MAIL_ENDPOINT", "MAIL_FROM"],
            // Only the trigger reaches them.
            Self::DataStream | Self::RelayDeadLetters => &[],
        }
    }
}

macro_rules! uses {
    ($($(#[$doc:meta])* $name:ident = $resource:ident [$($action:literal),*];)+) => {
        $($(#[$doc])* pub const $name: Use = Use { resource: Resource::$resource, actions: &[$($action),*] };)+
    };
}

/// What it takes to know a person who has logged in, and to count what they ask for.
pub const PERSON: &[Use] = &[AUTHENTICATE, RATE, PUBLIC_KEYS, AUDIT_APPEND];

/// The same of one who acts in a tenant, whose use it is.
pub const MEMBER_IN_PERSON: &[Use] = &[AUTHENTICATE, RATE, PUBLIC_KEYS, AUDIT_APPEND, USAGE_COUNT];

/// The same of a member, or of an API key of theirs.
pub const MEMBER: &[Use] = &[
    AUTHENTICATE,
    RATE,
    PUBLIC_KEYS,
    AUDIT_APPEND,
    USAGE_COUNT,
    KEY_USED,
];

uses! {
    /// The caller's session or key, membership and tenant, in one read. What a new key or a host's name stands
    /// for is found in another.
    AUTHENTICATE = Identity ["dynamodb:GetItem", "dynamodb:BatchGetItem"];
    /// The same of whoever is behind a connection.
    AUTHENTICATE_CONNECTION = Identity ["dynamodb:BatchGetItem"];
    /// One row of `Identity`.
    ACCOUNTS_GET = Identity ["dynamodb:GetItem"];
    /// A user's memberships.
    ACCOUNTS_LIST = Identity ["dynamodb:Query"];
    /// Accounts and their links, changed in the transaction that tells of it.
    ACCOUNTS_CHANGE = IdentityWithData ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    /// New accounts and tenants, in the transaction that tells of it.
    ACCOUNTS_FOUND = IdentityWithData ["dynamodb:PutItem"];
    /// The same, where the founder is already there, and counts what they found or calls it home.
    ACCOUNTS_FOUND_ANOTHER = IdentityWithData ["dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// An account, unchanged in the transaction that makes a tenant for it.
    ACCOUNTS_UNCHANGED = IdentityWithData ["dynamodb:ConditionCheckItem"];
    /// How a tenant is set up, in the transaction that tells of it.
    ACCOUNTS_SET_UP = IdentityWithData ["dynamodb:UpdateItem"];
    /// That a tenant is deleted, and the report of it, in the transaction that tells of it.
    ACCOUNTS_DELETE_TENANT = IdentityWithData ["dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// What a member may do, in the transaction that tells of it.
    ACCOUNTS_SET_ROLE = IdentityWithData ["dynamodb:UpdateItem"];
    /// A user, with those tenants of theirs that are still there.
    ACCOUNTS_ENTER = Identity ["dynamodb:BatchGetItem"];
    /// How often somebody has called, read with who they are, and counted.
    RATE = Calls ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"];
    /// How often somebody may try.
    THROTTLE = Attempts ["dynamodb:GetItem", "dynamodb:UpdateItem"];
    /// A success, which begins the count anew.
    THROTTLE_SUCCESS = Attempts ["dynamodb:PutItem", "dynamodb:DeleteItem"];
    /// An address from which somebody has made an account, or shown that it is theirs.
    THROTTLE_KNOWN = Attempts ["dynamodb:PutItem"];
    /// Counts of what somebody tries.
    COUNT = Attempts ["dynamodb:UpdateItem"];
    /// Rows of `Identity`, all or nothing.
    ACCOUNTS_PUT = Identity ["dynamodb:PutItem"];
    /// Rows of `Identity`, unchanged in the transaction that rests on them.
    ACCOUNTS_CHECK = Identity ["dynamodb:ConditionCheckItem"];
    /// Refresh tokens: one used up, and its successor.
    ACCOUNTS_ROTATE = Identity ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// A row of accounts, removed in the transaction that tells of it.
    ACCOUNTS_REMOVE = IdentityWithData ["dynamodb:DeleteItem"];
    /// All sessions of a user, ended in the transaction that tells of it.
    ACCOUNTS_NEXT_EPOCH = IdentityWithData ["dynamodb:UpdateItem"];
    /// A session, ended in the transaction that tells of it.
    ACCOUNTS_END_SESSION = IdentityWithData ["dynamodb:DeleteItem"];
    /// That an API key is in use, by every function that takes one.
    KEY_USED = KeyUses ["dynamodb:UpdateItem"];
    /// When API keys were last used, read.
    KEY_USES_READ = Identity ["dynamodb:BatchGetItem"];
    /// A member's API keys, with all that is kept of each.
    KEYS_OF_MEMBER = Identity ["dynamodb:Query"];
    /// A new API key, in the transaction that tells of it.
    KEY_CREATE = IdentityWithData ["dynamodb:PutItem"];
    /// A change of a user's account, in their log.
    USER_CHANGE = Data ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// A change of a tenant itself, in its log.
    TENANT_CHANGE = Data ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// Those of one role, by `lsi1`: their keys.
    MEMBERS_BY_ROLE = Lsi1 ["dynamodb:Query"];
    /// One row of `Data`.
    DB_GET = Data ["dynamodb:GetItem"];
    /// Up to 100 rows of `Data`.
    DB_BATCH_GET = Data ["dynamodb:BatchGetItem"];
    /// A new project: rows and event.
    DB_FOUND = Data ["dynamodb:PutItem"];
    /// The latest rows of a partition of `Data`, by `lsi1`: their keys.
    DB_LATEST = Lsi1 ["dynamodb:Query"];
    /// Deleted projects in the list of somebody who may restore them, by `lsi2`: their keys.
    PROJECTS_DELETED = Lsi2 ["dynamodb:Query"];
    /// One row of `Data`, outside the log: derived data only.
    DB_PUT = Data ["dynamodb:PutItem"];
    /// That a project's index was late.
    DB_INDEXED_LATE = Data ["dynamodb:UpdateItem"];
    /// A change: rows, counters, `seq`, event.
    DB_CHANGE = Data ["dynamodb:PutItem", "dynamodb:UpdateItem"];
    /// Rows of a partition of `Data`.
    DB_LIST = Data ["dynamodb:Query"];
    /// The events of one task, by `lsi1`: their keys.
    EVENTS_BY_OBJECT = Lsi1 ["dynamodb:Query"];
    /// Whom a task is put beside, by `lsi1`: its key.
    TASKS_BY_PLACE = Lsi1 ["dynamodb:Query"];
    /// Tasks by when they are due, by `lsi2`: their keys.
    TASKS_BY_DUE = Lsi2 ["dynamodb:Query"];
    /// Somebody's tasks, by `lsi3`: their keys.
    TASKS_BY_ASSIGNEE = Lsi3 ["dynamodb:Query"];
    /// Tasks by how much they matter, by `lsi4`: their keys.
    TASKS_BY_PRIORITY = Lsi4 ["dynamodb:Query"];
    /// Tasks by their last change, by `lsi5`: their keys.
    TASKS_BY_CHANGE = Lsi5 ["dynamodb:Query"];
    /// What somebody has not read of what they were told, by `lsi1`: its keys.
    UNREAD = Lsi1 ["dynamodb:Query"];
    /// Rows of `Data`, unchanged in the transaction that rests on them: the task that a comment is on,
    /// or a label that a task is given.
    DB_UNCHANGED = Data ["dynamodb:ConditionCheckItem"];
    /// When the comments on a task go, if it is deleted.
    COMMENTS_SETTLE = Data ["dynamodb:Query", "dynamodb:UpdateItem"];
    /// The note of a deleted task's file, made.
    UPLOAD_NOTE_LATER = UploadNotes ["dynamodb:PutItem"];
    /// The same, removed.
    UPLOAD_NOTE_FORGET = UploadNotes ["dynamodb:DeleteItem"];
    /// The note of a deleted project, made.
    PURGE_NOTE_LATER = PurgeNotes ["dynamodb:PutItem"];
    /// The same, removed: the project is restored, or purged.
    PURGE_NOTE_FORGET = PurgeNotes ["dynamodb:DeleteItem"];
    /// The notes of projects that can't be restored any more, claimed.
    PURGE_SWEEP = PurgeNotes ["dynamodb:Query", "dynamodb:UpdateItem"];
    /// The note of a task that somebody is to do by a time, made.
    DUE_NOTE_LATER = DueNotes ["dynamodb:PutItem"];
    /// The same, removed: nobody is to be told of it, or not at that time.
    DUE_NOTE_FORGET = DueNotes ["dynamodb:DeleteItem"];
    /// The notes of tasks that are due soon, and their end.
    DUE_SWEEP = DueNotes ["dynamodb:Query", "dynamodb:DeleteItem"];
    /// A row, removed by the change that tells of it, or one that was derived.
    DB_REMOVE = Data ["dynamodb:DeleteItem"];
    /// The note that a change leaves until it is relayed.
    CHANGE_NOTES = ChangeNotes ["dynamodb:PutItem"];
    /// The caches that a change makes stale.
    STALE_CACHES = Ephemeral ["dynamodb:PutItem"];
    /// The note of a file on its way, made and then kept.
    UPLOAD_NOTES = UploadNotes ["dynamodb:PutItem", "dynamodb:DeleteItem"];
    /// The notes of files that were left behind, and their end.
    UPLOAD_SWEEP = UploadNotes ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    /// The notes of changes that have been relayed, removed.
    CHANGE_NOTES_REMOVE = ChangeNotes ["dynamodb:BatchWriteItem"];
    /// The notes of changes that have not been relayed.
    CHANGE_NOTES_QUERY = ChangeNotes ["dynamodb:Query"];
    /// What has become of an email.
    MAIL_RECORDS = Ephemeral ["dynamodb:GetItem", "dynamodb:UpdateItem"];
    /// A ticket, issued.
    TICKET_ISSUE = Tickets ["dynamodb:PutItem"];
    /// A ticket, taken.
    TICKET_TAKE = Tickets ["dynamodb:DeleteItem"];
    /// A connection, opened.
    CONNECTION_OPEN = ConnectionRows ["dynamodb:PutItem"];
    /// A connection and what it knows of its rooms, forgotten. It leaves them as well: [`ROOM_LEAVE`].
    CONNECTION_FORGET = ConnectionRows ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:DeleteItem"];
    /// A connection among those of its user, opened.
    USER_CONNECTION_OPEN = UserConnections ["dynamodb:PutItem"];
    /// The same, forgotten.
    USER_CONNECTION_FORGET = UserConnections ["dynamodb:DeleteItem"];
    /// A user's connections.
    CONNECTIONS_OF_USER = UserConnections ["dynamodb:Query"];
    /// Who is behind a connection.
    CONNECTION_GET = ConnectionRows ["dynamodb:GetItem"];
    /// A room, as its connection knows it.
    CONNECTION_JOIN = ConnectionRows ["dynamodb:PutItem"];
    /// The same, forgotten.
    CONNECTION_LEAVE = ConnectionRows ["dynamodb:DeleteItem"];
    /// A room, joined.
    ROOM_JOIN = Ephemeral ["dynamodb:PutItem"];
    /// A room, left.
    ROOM_LEAVE = Ephemeral ["dynamodb:DeleteItem"];
    /// Who is in a room, and how far it has been told.
    ROOM_AUDIENCE = Ephemeral ["dynamodb:Query", "dynamodb:UpdateItem"];
    /// What a request that may come again was answered: read first, and kept in the transaction of its effect.
    IDEMPOTENCY = Ephemeral ["dynamodb:GetItem", "dynamodb:PutItem"];
    /// The same of what a person asks for who need be in no tenant: read first,
    PERSONAL_ANSWERS = PersonalAnswers ["dynamodb:GetItem"];
    /// and kept in the transaction of its effect.
    PERSONAL_ANSWERS_KEPT = PersonalAnswersWithData ["dynamodb:PutItem"];
    /// Cached values.
    CACHE = Ephemeral ["dynamodb:GetItem", "dynamodb:PutItem"];
    /// An object, stored.
    STORAGE_PUT = Attachments ["s3:PutObject"];
    /// A link to an object.
    STORAGE_LINK = Attachments ["s3:GetObject"];
    /// An object, read.
    STORAGE_READ = Attachments ["s3:GetObject"];
    /// An archive, written part by part, and tagged so that it expires.
    ARCHIVE_WRITE = Archives ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
    /// How far an export has come, by whoever makes it.
    EXPORT_PROGRESS = Exports ["dynamodb:PutItem"];
    /// An object, removed.
    STORAGE_DELETE = Attachments ["s3:DeleteObject"];
    /// A tenant's objects, listed.
    STORAGE_LIST = AttachmentList ["s3:ListBucket"];
    /// Whether the table of accounts answers: a row that is not there.
    HEALTH_DATABASE = KeyUses ["dynamodb:GetItem"];
    /// Whether the table of what expires answers: the same.
    HEALTH_CACHE = Attempts ["dynamodb:GetItem"];
    /// Whether the bucket answers: a list of nothing.
    HEALTH_STORAGE = EmptyList ["s3:ListBucket"];
    /// Whether a queue answers.
    HEALTH_QUEUE = EmailQueue ["sqs:GetQueueAttributes"];
    /// The nearest vectors.
    SEARCH = Vectors ["dynamodb:SearchVectors"];
    /// A text's embedding.
    AI_EMBED = Model ["bedrock:InvokeModel"];
    /// The log, read.
    DB_EVENTS = Data ["dynamodb:Query"];
    /// The log's emails, handed on.
    SEND_TO_EMAIL = EmailQueue ["sqs:SendMessage"];
    /// The log's texts, handed on.
    SEND_TO_EMBEDDINGS = EmbeddingsQueue ["sqs:SendMessage"];
    /// The log's realtime events, handed on.
    SEND_TO_REALTIME = RealtimeQueue ["sqs:SendMessage"];
    /// Entries for the audit log, handed on.
    SEND_TO_AUDIT = AuditQueue ["sqs:SendMessage"];
    /// The log's exports, handed on; and one that goes on in another invocation.
    SEND_TO_EXPORTS = ExportsQueue ["sqs:SendMessage"];
    /// The queue of tenants to export, consumed.
    CONSUME_EXPORTS = ExportsQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// The queue of entries for the audit log, consumed.
    CONSUME_AUDIT = AuditQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// An entry, added to the audit log: the only thing that is ever done to it.
    AUDIT_APPEND = AuditLog ["dynamodb:PutItem"];
    /// The audit log of a tenant that is deleted, removed: by one function, which the guard lets do it.
    ERASE_AUDIT = AuditLog ["dynamodb:DeleteItem"];
    /// Any rows of a tenant that is deleted, removed.
    ERASE_ROWS = Data ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:DeleteItem"];
    /// What is kept of it and its members elsewhere, removed, and counted in the report.
    ERASE_ACCOUNTS = Identity ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    /// The same, in a transaction that removes the tenant's rows.
    ERASE_WITH_ACCOUNTS = IdentityWithData ["dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    /// Tenants to erase, and projects to purge, handed on.
    SEND_TO_ERASURES = ErasuresQueue ["sqs:SendMessage"];
    /// The queue of tenants to erase, consumed.
    CONSUME_ERASURES = ErasuresQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// The audit log, read.
    AUDIT_READ = Data ["dynamodb:Query", "dynamodb:BatchGetItem"];
    /// The same of one actor.
    AUDIT_BY_ACTOR = Lsi2 ["dynamodb:Query"];
    /// The same of one object.
    AUDIT_BY_OBJECT = Lsi3 ["dynamodb:Query"];
    /// The same of one action.
    AUDIT_BY_ACTION = Lsi4 ["dynamodb:Query"];
    /// Calls, emails and what a tenant has, counted.
    USAGE_COUNT = Usage ["dynamodb:UpdateItem"];
    /// The email queue, consumed, with a wait of the consumer's choice.
    CONSUME_EMAIL = EmailQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// The embeddings queue, consumed.
    CONSUME_EMBEDDINGS = EmbeddingsQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// The realtime queue, consumed.
    CONSUME_REALTIME = RealtimeQueue ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];
    /// An email, given up.
    DEAD_LETTER_EMAIL = EmailDeadLetters ["sqs:SendMessage"];
    /// The stream of `Data`, read by the trigger.
    STREAM = DataStream ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"];
    /// What the trigger gave up, noted by it.
    STREAM_GIVE_UP = RelayDeadLetters ["sqs:SendMessage"];
    /// Messages to connections, and their end.
    SOCKET = Connections ["execute-api:ManageConnections"];
    /// The Origin that a browser sends, checked. No call.
    ORIGINS = Origins [];
    /// Where emailed links lead to. No call.
    APP_URL = AppUrl [];
    /// The private key, read and decrypted at a cold start.
    SIGNING_KEY = SigningKey ["ssm:GetParameter", "kms:Decrypt"];
    /// The key that secrets are derived with, read and decrypted at a cold start.
    DERIVATION_KEY = DerivationKey ["ssm:GetParameter", "kms:Decrypt"];
    /// Tokens, verified. No call.
    PUBLIC_KEYS = PublicKeys [];
    /// The mail service's key, read and decrypted at a cold start.
    MAIL_KEY = MailKey ["ssm:GetParameter", "kms:Decrypt"];
}
