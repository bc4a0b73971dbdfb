//! Who may sign, and what they may do.

use awsim_iam_policy::ContextValue;
use s3s::{
    S3Error, S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    dto,
    path::S3Path,
    s3_error,
};

use crate::front::{
    errors::{Denied, Refusal},
    iam::{Access, Caller, Iam, object_action},
    request::header,
    signature::SESSION_TOKEN,
};

/// Lets in whom IAM knows, for what they are granted.
pub(super) struct Gate(pub(super) Iam);

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0
            .secret(access_key)
            .map(SecretKey::from)
            .map_err(refused)
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = cx.credentials() else {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        };
        let token = session_token(cx);
        let caller = self
            .0
            .caller(&credentials.access_key, token.as_deref())
            .map_err(refused)?;
        let operation = cx.s3_op().name();
        // Its keys are in the body: each is looked at once that has been read.
        if operation != "DeleteObjects" {
            let mut access = access(operation, cx.s3_path());
            if let Some(prefix) = listed(cx) {
                access = access.with("s3:prefix", ContextValue::String(prefix));
            }
            self.0
                .permit(&caller, &[access])
                .map_err(|refused| denied(&refused))?;
        }
        cx.extensions_mut().insert(caller);
        Ok(())
    }

    /// Each key is an access of its own.
    async fn delete_objects(&self, req: &mut S3Request<dto::DeleteObjectsInput>) -> S3Result<()> {
        let bucket = &req.input.bucket;
        let keys = req.input.delete.objects.iter();
        let accesses: Vec<Access> = keys
            .map(|object| Access::new("s3:DeleteObject", object_arn(bucket, &object.key)))
            .collect();
        self.permit_also(req.extensions.get::<Caller>(), &accesses)
    }

    /// Who tags what they store needs the grant to tag it.
    async fn put_object(&self, req: &mut S3Request<dto::PutObjectInput>) -> S3Result<()> {
        let dto::PutObjectInput {
            bucket,
            key,
            tagging,
            ..
        } = &req.input;
        self.permit_tags(req.extensions.get(), bucket, key, tagging.as_deref())
    }

    /// The same of what is stored part by part.
    async fn create_multipart_upload(
        &self,
        req: &mut S3Request<dto::CreateMultipartUploadInput>,
    ) -> S3Result<()> {
        let dto::CreateMultipartUploadInput {
            bucket,
            key,
            tagging,
            ..
        } = &req.input;
        self.permit_tags(req.extensions.get(), bucket, key, tagging.as_deref())
    }

    /// What is copied is read.
    async fn copy_object(&self, req: &mut S3Request<dto::CopyObjectInput>) -> S3Result<()> {
        let read = match &req.input.copy_source {
            dto::CopySource::Bucket { bucket, key, .. } => object_arn(bucket, key),
            _ => "*".to_owned(),
        };
        let access = Access::new("s3:GetObject", read);
        self.permit_also(req.extensions.get::<Caller>(), &[access])
    }
}

impl Gate {
    fn permit_tags(
        &self,
        caller: Option<&Caller>,
        bucket: &str,
        key: &str,
        tags: Option<&str>,
    ) -> S3Result<()> {
        if tags.is_none() {
            return Ok(());
        }
        let access = Access::new("s3:PutObjectTagging", object_arn(bucket, key));
        self.permit_also(caller, &[access])
    }

    fn permit_also(&self, caller: Option<&Caller>, accesses: &[Access]) -> S3Result<()> {
        let caller = caller.ok_or_else(|| s3_error!(AccessDenied))?;
        self.0
            .permit(caller, accesses)
            .map_err(|refused| denied(&refused))
    }
}

fn access(operation: &str, path: &S3Path) -> Access {
    let resource = match path {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
        S3Path::Object { bucket, key } => object_arn(bucket, key),
    };
    Access::new(object_action(operation), resource)
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// It stands in a header, or in a link.
fn session_token(cx: &S3AccessContext<'_>) -> Option<String> {
    let in_header = header(cx.headers(), SESSION_TOKEN).map(str::to_owned);
    in_header.or_else(|| parameter(cx, SESSION_TOKEN))
}

/// What the paths begin with that are listed: nothing where the list is not narrowed.
fn listed(cx: &S3AccessContext<'_>) -> Option<String> {
    let lists = object_action(cx.s3_op().name()) == "s3:ListBucket";
    lists.then(|| parameter(cx, "prefix"))?
}

fn parameter(cx: &S3AccessContext<'_>, name: &str) -> Option<String> {
    form_urlencoded::parse(cx.uri().query()?.as_bytes())
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

fn denied(denied: &Denied) -> S3Error {
    s3_error!(AccessDenied, "{}", denied.message())
}

fn refused(refusal: Refusal) -> S3Error {
    match refusal {
        Refusal::Expired => s3_error!(ExpiredToken, "The provided token has expired."),
        _ => s3_error!(
            InvalidAccessKeyId,
            "The AWS Access Key Id you provided does not exist in our records."
        ),
    }
}
