//! Source of the AWS Cloud Development Kit in Python, TypeScript and JavaScript, as far as constructs are literal.
//!
//! A construct of layer 1 (`CfnBucket`) has the properties of its template; for common ones of layer 2 (`Bucket`)
//! [`super::cdk_layer2`] says what they become. Both are seen by rules as resources of a template. An argument that is
//! computed is unknown; a construct whose arguments are spread from elsewhere is not looked at, nor is a file that
//! changes templates afterwards.
//!
//! Source: <https://docs.aws.amazon.com/cdk/api/v2/>.

use super::formats::{Refused, extension, has};
use super::value::{Value, snake};
use super::{Resource, cdk_layer2};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, ParseState, Parser};
use yagura_model::{TreePath, UnreadReason};

/// Deeper expressions are unknown.
const MOST_DEPTH: usize = 60;

/// The parser is stopped after so many reports of progress.
const MOST_PROGRESS: u32 = 500_000;

/// Most nodes of one file that are walked, and values that are made of them.
const MOST_NODES: usize = 1_000_000;

/// Longer names are none that a construct is kept under.
const MOST_NAME: usize = 200;

/// Ways to change what a construct has said.
const CHANGES: &[&str] =
    &["addPropertyOverride", "add_property_override", "addOverride", "add_override", "Aspects.of"];

/// Source that names the library.
pub fn takes(path: &TreePath, bytes: &[u8]) -> bool {
    matches!(extension(path).as_str(), "py" | "ts" | "mts" | "cts" | "js" | "mjs")
        && !path.name().ends_with(".d.ts")
        && bytes.len() < 1 << 20
        && (has(bytes, "aws-cdk-lib") || has(bytes, "aws_cdk"))
        && !CHANGES.iter().any(|word| has(bytes, word))
}

/// One use of a construct.
pub struct Construct {
    /// `aws_s3`.
    pub module: String,
    /// `Bucket`, `CfnBucket`.
    pub class: String,
    /// Its arguments by name, in snake case.
    pub props: BTreeMap<String, Value>,
    /// What was added to it later: method and arguments.
    pub calls: Vec<(String, Vec<Value>)>,
    name: String,
    lines: (u32, u32),
}

/// The resources of a file.
///
/// # Errors
/// The parser does not come to an end.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let grammar: tree_sitter::Language = match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "py" => tree_sitter_python::LANGUAGE.into(),
        "js" | "mjs" => tree_sitter_javascript::LANGUAGE.into(),
        _ => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    };
    let slow = || Refused {
        reason: UnreadReason::TimedOut,
        detail: "the parser does not come to an end".to_owned(),
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar).map_err(|_| slow())?;
    let mut left = MOST_PROGRESS;
    let mut progress = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let bytes = &mut |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(bytes, None, Some(options)).ok_or_else(slow)?;
    let mut file = File {
        text,
        imports: HashMap::new(),
        constants: HashMap::new(),
        targets: HashMap::new(),
        left: MOST_NODES,
    };
    let mut calls = Vec::new();
    walk(tree.root_node(), &mut |node| match node.kind() {
        "import_statement" | "import_from_statement" => file.import(node),
        "assignment" | "variable_declarator" => {
            file.constant(node);
            file.given(node);
        }
        "assignment_expression" => file.given(node),
        "call" | "new_expression" | "call_expression" => calls.push(node),
        _ => {}
    });
    let mut constructs: Vec<Construct> = Vec::new();
    let mut by_name = HashMap::new();
    for node in calls {
        if let Some(construct) = file.construct(node) {
            by_name.insert(construct.name.clone(), constructs.len());
            constructs.push(construct);
        } else if let Some((on, method, arguments)) = file.method(node)
            && let Some(construct) = by_name.get(&on).and_then(|at| constructs.get_mut(*at))
        {
            construct.calls.push((method, arguments));
        }
    }
    Ok(constructs.iter().filter_map(|construct| resource(path, construct)).collect())
}

/// Shows every node to `see`, without recursion.
fn walk<'t>(root: Node<'t>, see: &mut dyn FnMut(Node<'t>)) {
    let mut cursor = root.walk();
    for _ in 0..MOST_NODES {
        see(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

fn resource(path: &str, construct: &Construct) -> Option<Resource> {
    let (kind, properties) = match construct.class.strip_prefix("Cfn") {
        Some(class) => (format!("AWS::{}::{class}", service(&construct.module)?), construct.props.clone()),
        None => cdk_layer2::resource(construct)?,
    };
    Some(Resource {
        address: format!("{kind}.{}", construct.name),
        kind,
        name: construct.name.clone(),
        path: path.to_owned(),
        lines: construct.lines,
        properties: Value::Map(properties),
        skips: Vec::new(),
    })
}

/// The service of a module, as types of templates spell it.
fn service(module: &str) -> Option<&'static str> {
    Some(match module.strip_prefix("aws_")? {
        "apigateway" => "ApiGateway",
        "apigatewayv2" => "ApiGatewayV2",
        "athena" => "Athena",
        "autoscaling" => "AutoScaling",
        "backup" => "Backup",
        "cloudfront" => "CloudFront",
        "cloudtrail" => "CloudTrail",
        "codebuild" => "CodeBuild",
        "cognito" => "Cognito",
        "dax" => "DAX",
        "dms" => "DMS",
        "docdb" => "DocDB",
        "dynamodb" => "DynamoDB",
        "ec2" => "EC2",
        "ecr" => "ECR",
        "ecs" => "ECS",
        "efs" => "EFS",
        "eks" => "EKS",
        "elasticache" => "ElastiCache",
        "elasticloadbalancing" => "ElasticLoadBalancing",
        "elasticloadbalancingv2" => "ElasticLoadBalancingV2",
        "elasticsearch" => "Elasticsearch",
        "glue" => "Glue",
        "iam" => "IAM",
        "kinesis" => "Kinesis",
        "kms" => "KMS",
        "lambda" => "Lambda",
        "logs" => "Logs",
        "msk" => "MSK",
        "amazonmq" => "AmazonMQ",
        "neptune" => "Neptune",
        "opensearchservice" => "OpenSearchService",
        "rds" => "RDS",
        "redshift" => "Redshift",
        "s3" => "S3",
        "sagemaker" => "SageMaker",
        "secretsmanager" => "SecretsManager",
        "sns" => "SNS",
        "sqs" => "SQS",
        "ssm" => "SSM",
        "stepfunctions" => "StepFunctions",
        "workspaces" => "WorkSpaces",
        _ => return None,
    })
}

struct File<'t> {
    text: &'t str,
    /// What a name stands for: `aws_s3`, `aws_s3.Bucket`, or nothing for the library itself.
    imports: HashMap<String, String>,
    /// Literals that a name is given once.
    constants: HashMap<String, Option<Value>>,
    /// The last name of what a node is given to, by the id of the node.
    targets: HashMap<usize, String>,
    left: usize,
}

fn named<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

fn line(row: usize) -> u32 {
    u32::try_from(row + 1).unwrap_or(u32::MAX)
}

impl<'t> File<'t> {
    fn source(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Statements are read as words: all their forms are a list of names and what they are called here.
    fn import(&mut self, node: Node<'_>) {
        let text = self.source(node);
        let clean = |text: &str| text.replace(['"', '\'', ';', '{', '}', '(', ')', '\n', '*'], " ");
        let module = |text: &str| -> Option<String> {
            let rest =
                text.trim().strip_prefix("aws-cdk-lib").or_else(|| text.trim().strip_prefix("aws_cdk"))?;
            Some(rest.trim_start_matches(['/', '.']).replace('-', "_").replace('/', "."))
        };
        let (names, from) = if let Some((names, from)) = text.split_once(" from ") {
            (clean(names.trim_start().trim_start_matches("import")), clean(from))
        } else if let Some((from, names)) = text.split_once(" import ") {
            (clean(names), clean(from.trim_start().trim_start_matches("from")))
        } else {
            let text = clean(text);
            let rest = text.trim().trim_start_matches("import").trim();
            let (from, name) = rest.split_once(" as ").unwrap_or((rest, rest));
            if let Some(module) = module(from) {
                let name = name.trim();
                let target = if name == "aws_cdk" { String::new() } else { module };
                self.imports.insert(name.to_owned(), target);
            }
            return;
        };
        let Some(module) = module(&from) else { return };
        let whole = text.contains("* as ");
        for one in names.split(',') {
            let (name, alias) = one.trim().split_once(" as ").unwrap_or((one.trim(), one.trim()));
            let (name, alias) =
                (name.trim().trim_start_matches("type "), alias.trim().trim_start_matches("as "));
            let target = match (whole, module.is_empty()) {
                (true, _) => module.clone(),
                (false, true) => name.to_owned(),
                (false, false) => format!("{module}.{name}"),
            };
            if !alias.is_empty() {
                self.imports.insert(alias.to_owned(), target);
            }
        }
    }

    fn constant(&mut self, node: Node<'_>) {
        let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("left"));
        let value = node.child_by_field_name("value").or_else(|| node.child_by_field_name("right"));
        let (Some(name), Some(value)) = (name.filter(|name| name.kind() == "identifier"), value) else {
            return;
        };
        let scalar = matches!(value.kind(), "string" | "number" | "integer" | "true" | "false");
        let value = scalar.then(|| self.value(value, 0));
        let name = self.source(name).to_owned();
        // A name that is given two values has none that is known.
        self.constants.entry(name).and_modify(|known| *known = None).or_insert(value);
    }

    /// The dotted name of an expression, written out by the imports; none where its beginning is not imported.
    fn path(&self, node: Node<'_>) -> Option<String> {
        let text = self.source(node);
        if text.len() > 200 || text.contains(['(', ' ', '[', '\n']) {
            return None;
        }
        let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let target = self.imports.get(first)?;
        Some(match (target.as_str(), rest) {
            ("", Some(rest)) => rest.to_owned(),
            (target, Some(rest)) => format!("{target}.{rest}"),
            (target, None) => target.to_owned(),
        })
    }

    fn construct(&mut self, node: Node<'_>) -> Option<Construct> {
        let class =
            node.child_by_field_name("constructor").or_else(|| node.child_by_field_name("function"))?;
        if node.kind() == "call_expression" {
            return None;
        }
        let path = self.path(class)?;
        let (module, class) = path.rsplit_once('.')?;
        if !module.starts_with("aws_") || module.contains('.') || !class.starts_with(char::is_uppercase) {
            return None;
        }
        let arguments = named(node.child_by_field_name("arguments")?);
        let mut props = BTreeMap::new();
        for argument in &arguments {
            match argument.kind() {
                "keyword_argument" => {
                    let (name, value) =
                        (argument.child_by_field_name("name")?, argument.child_by_field_name("value")?);
                    props.insert(self.source(name).to_owned(), self.value(value, 0));
                }
                "object" => props.extend(self.object(*argument, 0)?),
                // What is spread here is not known.
                "dictionary_splat" | "list_splat" | "spread_element" => return None,
                _ => {}
            }
        }
        let object_like = |node: &Node<'_>| matches!(node.kind(), "object" | "keyword_argument");
        let third = arguments.get(2).is_some_and(|third| !object_like(third));
        let policy = class == "PolicyStatement";
        if third || (policy && arguments.first().is_some_and(|first| !object_like(first))) {
            return None;
        }
        let id = arguments.get(1).filter(|id| id.kind() == "string").map(|id| self.value(*id, 0));
        let id = id.and_then(|id| id.as_text()).unwrap_or_else(|| class.to_owned());
        Some(Construct {
            module: module.to_owned(),
            class: class.to_owned(),
            props,
            calls: Vec::new(),
            name: self.targets.get(&node.id()).cloned().unwrap_or(id),
            lines: (line(node.start_position().row), line(node.end_position().row)),
        })
    }

    /// Remembers the variable or field that a value is given to: asking a node for its parent is not cheap.
    fn given(&mut self, node: Node<'_>) {
        let target = node.child_by_field_name("left").or_else(|| node.child_by_field_name("name"));
        let value = node.child_by_field_name("right").or_else(|| node.child_by_field_name("value"));
        let (Some(target), Some(value)) = (target, value) else { return };
        let name = self.source(target);
        if name.len() <= MOST_NAME {
            self.targets.insert(value.id(), name.rsplit('.').next().unwrap_or(name).to_owned());
        }
    }

    /// `sg.addIngressRule(…)`: the variable, the method and its arguments.
    fn method(&mut self, node: Node<'_>) -> Option<(String, String, Vec<Value>)> {
        let function = node.child_by_field_name("function")?;
        let object = function.child_by_field_name("object")?;
        let name =
            function.child_by_field_name("attribute").or_else(|| function.child_by_field_name("property"))?;
        let (on, name) = (self.source(object), snake(self.source(name)));
        if on.len() > MOST_NAME || name != "add_ingress_rule" {
            return None;
        }
        let on = on.rsplit('.').next().unwrap_or(on).to_owned();
        let arguments = named(node.child_by_field_name("arguments")?);
        let arguments = arguments
            .into_iter()
            .map(|argument| argument.child_by_field_name("value").unwrap_or(argument))
            .map(|argument| self.value(argument, 0))
            .collect();
        Some((on, name, arguments))
    }

    fn object(&mut self, node: Node<'_>, depth: usize) -> Option<BTreeMap<String, Value>> {
        let mut out = BTreeMap::new();
        for entry in named(node) {
            match entry.kind() {
                "pair" => {
                    let (key, value) =
                        (entry.child_by_field_name("key")?, entry.child_by_field_name("value")?);
                    let key = self.source(key).trim_matches(['"', '\'']);
                    let value = self.value(value, depth + 1);
                    out.insert(snake(key), value);
                }
                "shorthand_property_identifier" => {
                    let name = self.source(entry);
                    out.insert(snake(name), self.name(name));
                }
                _ => return None,
            }
        }
        Some(out)
    }

    fn name(&self, name: &str) -> Value {
        match self.constants.get(name) {
            Some(Some(value)) => value.clone(),
            _ => Value::Unknown(vec![name.to_owned()]),
        }
    }

    fn value(&mut self, node: Node<'_>, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        if depth > MOST_DEPTH || self.left == 0 {
            return Value::unknown();
        }
        match node.kind() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "none" | "null" | "undefined" => Value::Null,
            "integer" | "float" | "number" => {
                let text = self.source(node).replace('_', "");
                text.parse().map_or_else(|_| Value::unknown(), Value::Number)
            }
            "string" | "template_string" => self.string(node),
            "list" | "array" | "tuple" => {
                Value::List(named(node).into_iter().map(|item| self.value(item, depth + 1)).collect())
            }
            "object" | "dictionary" => self.object(node, depth).map_or_else(Value::unknown, Value::Map),
            "parenthesized_expression" | "as_expression" | "non_null_expression" | "satisfies_expression" => {
                named(node).first().map_or_else(Value::unknown, |inner| self.value(*inner, depth + 1))
            }
            "unary_operator" | "unary_expression" => {
                self.source(node).parse().map_or_else(|_| Value::unknown(), Value::Number)
            }
            "identifier" => {
                let name = self.source(node);
                if self.imports.contains_key(name) { Value::unknown() } else { self.name(name) }
            }
            // A member of the library is a name that is known: `BucketEncryption.KMS`.
            "attribute" | "member_expression" => match self.path(node) {
                Some(path) => Value::Text(tail(&path)),
                None => {
                    let text = self.source(node);
                    Value::Unknown(text.split('.').take(20).map(str::to_owned).collect())
                }
            },
            "call" | "call_expression" | "new_expression" => self.called(node, depth),
            _ => Value::unknown(),
        }
    }

    fn string(&self, node: Node<'_>) -> Value {
        let parts = named(node);
        if parts
            .iter()
            .any(|part| matches!(part.kind(), "interpolation" | "template_substitution" | "escape_sequence"))
        {
            return Value::unknown();
        }
        let text = self.source(node);
        Value::text(text.trim_start_matches(['r', 'u', 'f', 'b']).trim_matches(['"', '\'', '`']))
    }

    /// A structure of layer 1 is the map of its arguments; another call of the library a map of `call` and `args`.
    fn called(&mut self, node: Node<'_>, depth: usize) -> Value {
        let function =
            node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"));
        let Some(path) = function.and_then(|function| self.path(function)) else { return Value::unknown() };
        let arguments = node.child_by_field_name("arguments").map(named).unwrap_or_default();
        let (mut keywords, mut positional) = (BTreeMap::new(), Vec::new());
        for argument in arguments {
            match (argument.child_by_field_name("name"), argument.child_by_field_name("value")) {
                (Some(name), Some(value)) if argument.kind() == "keyword_argument" => {
                    let value = self.value(value, depth + 1);
                    keywords.insert(self.source(name).to_owned(), value);
                }
                _ if argument.kind().contains("splat") || argument.kind() == "spread_element" => {
                    return Value::unknown();
                }
                _ => positional.push(self.value(argument, depth + 1)),
            }
        }
        let name = tail(&path);
        if name.ends_with("Property")
            || (positional.is_empty() && !keywords.is_empty() && name.ends_with("Options"))
        {
            return Value::Map(keywords);
        }
        positional.extend(keywords.into_values());
        let (class, method) = name.rsplit_once('.').unwrap_or(("", &name));
        let call = Value::Text(format!("{class}.{}", snake(method)));
        Value::Map(BTreeMap::from([("call".to_owned(), call), ("args".to_owned(), Value::List(positional))]))
    }
}

/// The last two names of a path.
fn tail(path: &str) -> String {
    let names: Vec<&str> = path.rsplitn(3, '.').take(2).collect();
    names.into_iter().rev().collect::<Vec<_>>().join(".")
}
